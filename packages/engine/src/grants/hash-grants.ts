import {
  disarm,
  type GrantHolder,
  giveWay,
  grantHoldings,
  type HashedRow,
  holderOf,
  inUseBy,
  isGrantInUse,
  storeHashes,
  type UnhashedRow,
  unhashedPage,
} from "@evertoken/adapters";
import { firstId } from "@evertoken/core";
import type { Engine } from "../engine.ts";

export interface GrantsHashed {
  readonly hashed: number;
  /** Refresh tokens that two connections held: one of them does without now. */
  readonly heldTwice: number;
}

const pageSize = 500;

/** A run takes no longer than this from the tasks behind it. */
const runMs = 5000;

/**
 * Hashes the refresh tokens that have no hash yet: all of a former version, and those of apps that do not know our client id. A run begins
 * where the one before stopped, so that rows which cannot be hashed do not keep it from the others.
 */
export function createGrantHashing(engine: Engine): () => Promise<GrantsHashed> {
  let after = firstId;
  return async () => {
    await engine.checkKeys();
    const report = { hashed: 0, heldTwice: 0 };
    for (const end = Date.now() + runMs; Date.now() < end; ) {
      const page = await unhashedPage(engine.pool, after, pageSize);
      const hashed = (await Promise.all(page.map((row) => hashRow(engine, row)))).filter((row) => row !== null);
      const { rest, disarmed } = await disarmSpent(engine, hashed);
      const { stored, heldTwice } = await store(engine, rest);
      report.hashed += stored;
      report.heldTwice += heldTwice + disarmed;
      const last = page.length < pageSize;
      after = last ? firstId : (page.at(-1)?.id ?? firstId);
      // Where nothing can be hashed, such as without the client's id, a page a minute is enough.
      if (last || hashed.length === 0) break;
    }
    return report;
  };
}

/** null: not now. What does not open is found out by its refresh, and spent by nobody. */
async function hashRow(engine: Engine, row: UnhashedRow): Promise<HashedRow | null> {
  const provider = engine.providers.get(row.provider)?.provider;
  if (provider === undefined) return null;
  try {
    const registration = await engine.registrations.find(row.provider, row.registration);
    const open = () => engine.keyring.open(row.refresh_token, row, "refresh_token");
    const grantHash = engine.grants.hash({ provider, registration, metadata: row.metadata, refreshToken: open });
    return grantHash === null ? null : { ...row, grantHash };
  } catch {
    return null;
  }
}

/** All in one statement; one by one when one of them is held already. */
async function store(engine: Engine, rows: readonly HashedRow[]): Promise<{ stored: number; heldTwice: number }> {
  try {
    return { stored: rows.length === 0 ? 0 : await storeHashes(engine.pool, rows), heldTwice: 0 };
  } catch (error) {
    if (!isGrantInUse(error)) throw error;
    const [only] = rows;
    if (rows.length === 1 && only !== undefined) return giveOneHolder(engine, only);
    const total = { stored: 0, heldTwice: 0 };
    for (const row of rows) {
      const { stored, heldTwice } = await store(engine, [row]);
      total.stored += stored;
      total.heldTwice += heldTwice;
    }
    return total;
  }
}

/** No index tells of these: who was imported with the token as well, and has spent it, holds its successor by now. */
async function disarmSpent(
  engine: Engine,
  rows: readonly HashedRow[],
): Promise<{ rest: HashedRow[]; disarmed: number }> {
  const holdings = await grantHoldings(
    engine.pool,
    rows.map(({ grantHash }) => grantHash),
  );
  const rest: HashedRow[] = [];
  let disarmed = 0;
  for (const [n, row] of rows.entries()) {
    const holding = holdings[n] ?? null;
    if (holding === null || !holding.spent || holding.holder.id === row.id) rest.push(row);
    else if (await disarmOne(engine, row, holding.holder)) disarmed += 1;
  }
  return { rest, disarmed };
}

async function giveOneHolder(engine: Engine, row: HashedRow): Promise<{ stored: number; heldTwice: number }> {
  const { pool } = engine;
  const holder = (await giveWay(pool, row.grantHash)) ? null : await holderOf(pool, row.grantHash);
  if (holder === null) return store(engine, [row]);
  return { stored: 0, heldTwice: (await disarmOne(engine, row, holder)) ? 1 : 0 };
}

async function disarmOne({ pool, logger }: Engine, row: HashedRow, holder: GrantHolder): Promise<boolean> {
  const taken = await disarm(pool, row, inUseBy(holder.id));
  if (taken) {
    const text =
      "two connections held the same refresh token: this one does without, and needs its user when its access token ends";
    logger.error({ connection: row.id, holder: holder.id }, `[${row.provider}] ${text}`);
  }
  return taken;
}
