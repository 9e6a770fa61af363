import type { GrantRecord } from "@evertoken/core";
import type { Pool } from "pg";
import { type BatcherOptions, createBatcher } from "./batcher.ts";
import { circuitClosedSql, closedColumns, closingSql } from "./circuit-sql.ts";
import { fewRowsSql } from "./given-rows.ts";
import { attemptColumns, attemptParameters, logSql } from "./log-sql.ts";
import { tellSql } from "./tell-sql.ts";

export type StorableGrant = GrantRecord & {
  /** Another connection holds the refresh token: this one does without. */
  readonly inUse?: boolean;
};

/** Asked once per statement, of a table of a few rows; nobody pays for an event that nobody wants. */
const wantsRefreshedSql = `EXISTS (SELECT 1 FROM webhook_endpoints WHERE enabled AND 'token.refreshed' = ANY(events))`;

const sql = (whenLocked: "SKIP LOCKED" | "") => `
WITH changed AS (
  UPDATE connections AS c SET
    access_token = r.access_token, refresh_token = CASE WHEN NOT r.in_use THEN coalesce(r.refresh_token, c.refresh_token) END,
    grant_hash = CASE WHEN r.refresh_token IS NULL AND NOT r.in_use THEN c.grant_hash ELSE r.grant_hash END,
    token_type = coalesce(r.token_type, c.token_type), metadata = coalesce(c.metadata || r.metadata, c.metadata),
    scopes = CASE WHEN r.scopes IS NULL THEN c.scopes ELSE ARRAY(SELECT jsonb_array_elements_text(r.scopes)) END,
    expires_at = r.expires_at, refresh_token_expires_at = r.refresh_token_expires_at, grant_ends_at = r.grant_ends_at,
    next_refresh_at = CASE WHEN c.check_generation = r.generation + 1 THEN r.at ELSE r.next_refresh_at END,
    client = r.client, generation = r.generation + 1, status = 'connected', lease_owner = NULL, lease_until = NULL, not_before = NULL,
    failing_since = NULL, consecutive_failures = 0, lost_answers = 0, last_refresh_at = r.at,
    last_error_code = CASE WHEN r.in_use THEN 'grant_in_use' END, last_error_message = CASE WHEN r.in_use THEN r.message END, updated_at = r.at
  FROM (
    SELECT r.* FROM json_to_recordset($1) AS r(n int, id uuid, client text, access_token text, refresh_token text,
      grant_hash text, in_use boolean, token_type text, scopes jsonb, metadata jsonb, expires_at timestamptz,
      refresh_token_expires_at timestamptz, grant_ends_at timestamptz, next_refresh_at timestamptz,
      closes_circuit boolean, closes_of text, proves boolean, fingerprint text, events jsonb,
      ${attemptColumns})
    CROSS JOIN LATERAL (SELECT FROM connections WHERE id = r.id FOR NO KEY UPDATE ${whenLocked}) AS free
    ${fewRowsSql("$1")}
  ) AS r
  WHERE c.id = r.id AND (c.generation = r.generation OR (c.generation < r.generation AND c.connected_at <= r.at))
    AND c.status <> 'disconnected'
  RETURNING r.*, c.provider, c.registration, c.user_id, c.status
), logged AS (
  ${logSql({ connectionId: "r.id", provider: "r.provider", success: true, newExpiresAt: "r.expires_at" }, "changed r")}
), told AS (
  ${tellSql(
    {
      ...{ event: "event", connectionId: "id", provider: "provider" },
      payload: { userId: "user_id", status: "status", message: "message", expiresAt: "expires_at" },
    },
    `changed, jsonb_array_elements_text(events || CASE WHEN ${wantsRefreshedSql} THEN '["token.refreshed"]'::jsonb ELSE '[]' END) AS event`,
  )}
), closed AS (
  UPDATE circuits AS k SET ${closingSql("NULL")}
  FROM changed c WHERE c.closes_circuit AND k.provider = c.provider AND k.registration = c.registration AND k.fingerprint = c.fingerprint
    AND k.circuit_of IN ('', c.closes_of) AND k.open
  RETURNING ${closedColumns}
), told_closed AS (${circuitClosedSql("closed")}
), proved AS (
  -- Rare: the first grant with a secret.
  INSERT INTO provider_states (provider, registration, fingerprint, granted_fingerprint)
  SELECT DISTINCT ON (provider, registration) provider, registration, fingerprint, fingerprint FROM changed
  WHERE proves OR closes_circuit ORDER BY provider, registration
  ON CONFLICT (provider, registration) DO UPDATE SET granted_fingerprint = excluded.granted_fingerprint
)
SELECT n FROM changed`;

/**
 * Stores new token sets, many in one statement: each conditional on the generation that was spent, each with its log row and its
 * events. One whose row somebody has locked is left to a statement of its own, which waits, so that the others do not. A row of an
 * earlier generation is one that a failover has set back: what was spent and granted since is newer than it, unless the account was
 * connected anew meanwhile.
 *
 * @returns whether it was stored; false: the generation had moved
 */
export function createCommitGrants(pool: Pool, batching: BatcherOptions): (record: StorableGrant) => Promise<boolean> {
  const commit = (statement: { name: string; text: string }) => async (records: readonly StorableGrant[]) => {
    const values = [JSON.stringify(records.map(toParameters))];
    const { rows } = await pool.query<{ n: number }>({ ...statement, values });
    const stored = new Set(rows.map(({ n }) => n));
    return records.map((_, n) => stored.has(n));
  };
  const together = createBatcher(commit({ name: "commit-grants", text: sql("SKIP LOCKED") }), batching);
  const alone = commit({ name: "commit-grants-alone", text: sql("") });
  return async (record) => (await together(record)) || (await alone([record]))[0] === true;
}

function toParameters(record: StorableGrant, n: number) {
  const { connectionId, client, fingerprint, transition, inUse = false } = record;
  const { tokens } = transition;
  return {
    n,
    id: connectionId,
    client,
    access_token: tokens.accessToken,
    refresh_token: tokens.refreshToken,
    grant_hash: tokens.grantHash ?? null,
    in_use: inUse,
    token_type: tokens.tokenType,
    scopes: tokens.scopes,
    metadata: Object.keys(tokens.metadata).length === 0 ? null : tokens.metadata,
    expires_at: transition.expiresAt,
    refresh_token_expires_at: transition.refreshTokenExpiresAt,
    grant_ends_at: transition.grantEndsAt,
    next_refresh_at: transition.nextRefreshAt,
    closes_circuit: transition.provider?.kind === "close_circuit",
    closes_of: transition.provider?.kind === "close_circuit" ? transition.provider.of : null,
    proves: transition.provider?.kind === "prove",
    fingerprint,
    events: transition.events,
    ...attemptParameters(record),
  };
}
