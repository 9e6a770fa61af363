import { describeError, type Keyring, type Logger, within } from "@evertoken/adapters";
import type { ConfiguredProvider, Exchange, Providers } from "@evertoken/providers";
import type { Pool } from "pg";
import { createLateDiscovery } from "./late-discovery.ts";
import { type OpenedRow, openRow, readStoredRows, storedVersion } from "./stored-rows.ts";

/** What was stored is seen by every process within this time of its next look. */
const freshMs = 2000;
/** How long somebody who knows a provider already waits to hear whether it was changed. */
const patienceMs = 1000;

/**
 * Every provider there is: of the box, of the settings, and stored. `get` and `all` say what was read last; whatever waits for an answer
 * anyway asks by `known` or `find`, so that a provider which another process has just added is there.
 */
export interface LiveProviders extends Providers {
  /** As it is stored now. @throws when it is not known here and Postgres is away: nobody can tell whether there is one */
  known(id: string): Promise<ConfiguredProvider | undefined>;
  /** The same, and its issuer was asked for endpoints that are missing. */
  find(id: string): Promise<ConfiguredProvider | undefined>;
  /** Reads what was stored lately; what is known stays while Postgres is away. Never throws. */
  catchUp(): Promise<void>;
  /** Reads now, after a change of ours. @throws when Postgres is away */
  reload(): Promise<void>;
  /** Why stored providers cannot be used as they are, and why those of the settings wait for their issuers, by id. */
  faults(): ReadonlyMap<string, string>;
}

export interface LiveProvidersDeps {
  /** Of the box and of the settings. */
  readonly fixed: Providers;
  readonly pool: Pool;
  readonly keyring: Keyring;
  readonly exchange: Exchange;
  readonly allowPrivateAddresses: boolean;
  readonly logger: Logger;
}

/** Opens and asks nothing until it is used. */
export function createLiveProviders(deps: LiveProvidersDeps): LiveProviders {
  const { fixed, pool, keyring, exchange, allowPrivateAddresses, logger } = deps;
  const late = createLateDiscovery(exchange, logger);
  let stored: readonly OpenedRow[] = [];
  let version = "";
  let lookedAt = Number.NEGATIVE_INFINITY;
  let looking: Promise<void> | null = null;
  let readable = true;
  let merged = merge();

  function merge() {
    const listed = fixed.all();
    const byId = new Map(listed.map((configured) => [configured.provider.id, late.completed(configured)]));
    for (const { id, configured } of stored) {
      // The operator's own file is the last word; a provider that came into the box later is not.
      if (configured !== null && byId.get(id)?.origin !== "settings") byId.set(id, configured);
    }
    return { listed, byId, all: Object.freeze([...byId.values()]) };
  }

  async function look(): Promise<void> {
    lookedAt = Date.now();
    const found = await storedVersion(pool);
    readable = true;
    if (found === version) return;
    stored = (await readStoredRows(pool)).map((row) => openRow(row, keyring, allowPrivateAddresses));
    version = found;
    merged = merge();
    report(stored, fixed, logger);
  }

  function lookOnce(): Promise<void> {
    looking ??= look().finally(() => {
      looking = null;
    });
    return looking;
  }

  /** A process that asks its issuers at the start may have heard of one since. */
  function current() {
    if (fixed.all() !== merged.listed) merged = merge();
    return merged;
  }

  function note(error: unknown): void {
    if (readable) logger.warn({ err: describeError(error) }, "stored providers could not be read");
    readable = false;
  }

  const live: LiveProviders = {
    get: (id) => current().byId.get(id),
    all: () => current().all,
    async catchUp() {
      if (looking === null && Date.now() - lookedAt < freshMs) return;
      await within(patienceMs, lookOnce().catch(note));
    },
    async reload() {
      // One that is under way may have read before the change.
      await looking?.catch(() => {});
      await lookOnce();
    },
    async known(id) {
      await live.catchUp();
      const found = live.get(id);
      if (found !== undefined || live.faults().has(id)) return found;
      await live.reload();
      return live.get(id);
    },
    async find(id) {
      const found = await live.known(id);
      if (found !== undefined && (await late.ask(found))) merged = merge();
      return live.get(id);
    },
    waiting() {
      const reasons = new Map([...fixed.waiting(), ...late.waiting()]);
      return new Map([...reasons].filter(([id]) => live.get(id)?.configured === false));
    },
    faults: () =>
      new Map([
        ...stored.flatMap(({ id, fault }) => (fault === null ? [] : [[id, fault] as const])),
        ...live.waiting(),
      ]),
  };
  return live;
}

function report(stored: readonly OpenedRow[], fixed: Providers, logger: Logger): void {
  for (const { id, fault } of stored) {
    if (fault !== null) logger.error({ provider: id, reason: fault }, "a stored provider cannot be used");
    if (fixed.get(id)?.origin === "settings") {
      logger.warn({ provider: id }, "a stored provider is not used: the settings define one of the same id");
    }
  }
}
