import { randomUUID } from "node:crypto";
import { describeError, type Revocation } from "@evertoken/adapters";
import { firstId, type GrantedTokens, type Sealed } from "@evertoken/core";
import type { Identity } from "@evertoken/providers";
import type { Engine } from "../engine.ts";
import { withStore } from "../evertoken-error.ts";
import { who } from "./end-flow.ts";
import { type Flow, hashSecret, newSecret, openFlow, type StateRow } from "./oauth-states.ts";
import type { Obtained } from "./store-connection.ts";

/** How long the app has to confirm what a flow brought. */
const confirmWithinMs = 600_000;

/** What a flow brought, without its tokens. Kept encrypted, since it says whose it is to be. */
interface Details {
  readonly flow: Flow;
  readonly granted: Omit<GrantedTokens, "accessToken" | "refreshToken">;
  readonly identity: Identity;
  readonly askedAt: string;
  readonly clientId: string;
}

export interface PendingRow {
  readonly id: string;
  readonly access_token: Sealed;
  readonly refresh_token: Sealed | null;
  readonly details: string;
}

const detailsPlace = (id: string) => `pending_grants/${id}/details`;

const ofFlow = [
  ...(["userId", "userEmail", "provider", "registration", "connectionId", "returnUrl", "redirectUri"] as const),
  ...(["scopes", "metadata", "tags", "confirm"] as const),
];

/** Without what else a flow that ends knows: its verifier is not kept. */
const flowIn = (begun: Flow) =>
  Object.fromEntries(ofFlow.map((name) => [name, begun[name]])) as unknown as Pick<Flow, (typeof ofFlow)[number]>;

/**
 * Keeps what a flow brought apart from all connections: it is neither served nor refreshed, and stands in nobody's way.
 *
 * @param stateHash of the flow
 * @returns what the app confirms it with; of it only the hash is kept
 */
export async function keepPending(
  engine: Engine,
  stateHash: string,
  begun: Flow,
  { granted, identity, askedAt, registration: { clientId } }: Obtained,
): Promise<string> {
  const { pool, keyring } = engine;
  const id = randomUUID();
  const confirmation = newSecret();
  const { accessToken, refreshToken, ...said } = granted;
  const flow: Flow = flowIn(begun);
  const { provider, registration } = flow;
  const details: Details = { flow, granted: said, identity, askedAt: askedAt.toISOString(), clientId };
  await withStore(() =>
    pool.query({
      name: "pending-grant-keep",
      text: `WITH named AS (UPDATE oauth_states SET confirmation_hash = $2 WHERE state_hash = $1)
        INSERT INTO pending_grants (id, state_hash, access_token, refresh_token, details, expires_at)
        VALUES ($3, $1, $4, $5, $6, now() + $7 * interval '1 millisecond')`,
      values: [
        ...[stateHash, hashSecret(confirmation), id],
        keyring.seal(accessToken, { id, provider, registration }, "access_token"),
        refreshToken === null ? null : keyring.seal(refreshToken, { id, provider, registration }, "refresh_token"),
        keyring.sealText(JSON.stringify(details), detailsPlace(id)),
        confirmWithinMs,
      ],
    }),
  );
  return confirmation;
}

export interface ToConfirm {
  readonly stateHash: string;
  readonly userId: string;
  readonly provider: string;
  /** null: the row was altered, or its key is not in the ring any more. */
  readonly returnUrl: string | null;
  /** null: it was confirmed, or dropped. */
  readonly pending: PendingRow | null;
  readonly late: boolean;
}

/** null: nobody knows this confirmation. */
export async function findPending(engine: Engine, confirmation: string): Promise<ToConfirm | null> {
  const { rows } = await withStore(() =>
    engine.pool.query<
      StateRow & { [Column in keyof PendingRow]: PendingRow[Column] | null } & { late: boolean | null }
    >({
      name: "pending-grant-find",
      text: `SELECT s.*, p.id, p.access_token, p.refresh_token, p.details,
          p.expires_at <= now() AS late
        FROM oauth_states s LEFT JOIN pending_grants p USING (state_hash) WHERE s.confirmation_hash = $1`,
      values: [hashSecret(confirmation)],
    }),
  );
  const [row] = rows;
  if (row === undefined) return null;
  return {
    ...{ stateHash: row.state_hash, userId: row.user_id, provider: row.provider },
    // What stands in the clear may lead anywhere.
    returnUrl: openFlow(engine, row)?.returnUrl ?? null,
    pending: row.id === null ? null : (row as PendingRow),
    late: row.late === true,
  };
}

/** @throws {VaultError} its key is not in the ring, or the row was altered */
export function openPending({ keyring }: Engine, row: PendingRow) {
  const details = JSON.parse(keyring.openText(row.details, detailsPlace(row.id))) as Details;
  const { flow, granted, identity, askedAt, clientId } = details;
  const owner = { ...flow, id: row.id };
  const tokens = {
    accessToken: keyring.open(row.access_token, owner, "access_token"),
    refreshToken: row.refresh_token === null ? null : keyring.open(row.refresh_token, owner, "refresh_token"),
  };
  // One that the version before has kept has none.
  const tags = flow.tags ?? [];
  return {
    flow: { ...flow, tags },
    granted: { ...granted, ...tokens },
    identity,
    askedAt: new Date(askedAt),
    clientId,
  };
}

/**
 * Gives up what nobody confirmed, or somebody else: in one statement from here to the table of revocations, where it is due at once and
 * tried once at least.
 *
 * @returns what to revoke; null: nothing, since the provider has no such thing or another process was first
 */
export async function dropPending(engine: Engine, row: PendingRow): Promise<Revocation | null> {
  const { flow, granted, identity } = openPending(engine, row);
  const token = (await withStore(() => engine.providers.find(flow.provider)))?.provider.revoke?.token ?? null;
  const { rows } = await withStore(() =>
    engine.pool.query<Revocation>({
      name: "pending-grant-drop",
      text: `WITH gone AS (DELETE FROM pending_grants WHERE id = $1 RETURNING id, access_token, refresh_token)
        INSERT INTO revocations (id, connection_id, provider, registration, scopes, metadata, access_token, refresh_token, attempts,
          next_attempt_at, user_id, external_account_id)
        SELECT gen_random_uuid(), id, $2, $3, $4, $5, CASE $6 WHEN 'access_token' THEN access_token END,
          CASE $6 WHEN 'refresh_token' THEN refresh_token END, 0, now(), $7, $8
        FROM gone WHERE CASE $6 WHEN 'access_token' THEN access_token WHEN 'refresh_token' THEN refresh_token END IS NOT NULL
        RETURNING *`,
      values: [
        ...[row.id, flow.provider, flow.registration, granted.scopes ?? flow.scopes],
        ...[{ ...flow.metadata, ...granted.metadata }, token, flow.userId, identity.externalAccountId],
      ],
    }),
  );
  return rows[0] ?? null;
}

const pageSize = 100;

/** For the scheduler: drops what no app has confirmed in time. A worker revokes it. @returns how many */
export async function dropUnconfirmed(engine: Engine): Promise<number> {
  let dropped = 0;
  for (let after = firstId; ; ) {
    const { rows } = await withStore(() =>
      engine.pool.query<PendingRow>(
        `SELECT id, access_token, refresh_token, details FROM pending_grants
         WHERE expires_at <= now() AND id > $1 ORDER BY id LIMIT ${pageSize}`,
        [after],
      ),
    );
    for (const row of rows) dropped += (await dropOne(engine, row)) ? 1 : 0;
    if (rows.length < pageSize) return dropped;
    after = rows.at(-1)?.id ?? after;
  }
}

/** One that cannot be read is left where it is: its key may come back. */
async function dropOne(engine: Engine, row: PendingRow): Promise<boolean> {
  try {
    const { flow } = openPending(engine, row);
    await dropPending(engine, row);
    engine.logger.warn(`${who(engine, flow)} not confirmed by the app within ten minutes: dropped, and to be revoked`);
    return true;
  } catch (error) {
    engine.logger.error(
      { pending: row.id, err: describeError(error) },
      "a grant that was not confirmed cannot be dropped",
    );
    return false;
  }
}
