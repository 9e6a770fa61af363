import type { CommitRecord, Setback } from "@evertoken/core";
import type { Pool } from "pg";

type GrantRecord = CommitRecord & { transition: Exclude<CommitRecord["transition"], Setback> };
type SetbackRecord = CommitRecord & { transition: Setback };

/**
 * The commit: one statement that changes the connection, writes the log row and the events, and only if the spent generation is still
 * the stored one. A setback also needs the lease: whoever lost it has nothing to say about a connection that another process holds.
 *
 * Repeating a commit that got through already (its answer was lost) is recognized and counts as committed.
 */
export async function commit(pool: Pool, record: CommitRecord): Promise<"committed" | "superseded"> {
  const { rows } = isGrant(record)
    ? await commitGrant(pool, record)
    : await commitSetback(pool, record as SetbackRecord);
  if (rows[0]?.changed === 1) return "committed";
  return isGrant(record) && (await isStored(pool, record)) ? "committed" : "superseded";
}

function isGrant(record: CommitRecord): record is GrantRecord {
  return record.transition.kind === "store";
}

const logSql = (success: boolean, newExpiry: string) => `
  INSERT INTO token_refresh_log (connection_id, provider, trigger, success, outcome, error_code, message, http_status, duration_ms,
    old_expires_at, new_expires_at, generation, created_at)
  SELECT c.id, c.provider, $3, ${success}, $4, ${success ? "NULL" : "$19"}, $5, $6, $7, $8, ${newExpiry}, $2, $9 FROM changed c`;

const eventsSql = `
  INSERT INTO outbox (event, connection_id, provider, payload)
  SELECT event, c.id, c.provider, jsonb_build_object('userId', c.user_id, 'status', c.status, 'errorCode', c.last_error_code,
    'message', c.last_error_message, 'expiresAt', c.expires_at)
  FROM changed c, unnest($10::text[]) AS event`;

const closeCircuitSql = `
, closed AS (
  UPDATE provider_states s SET circuit_open = false, closed_at = $9,
    opened_by = CASE WHEN s.opened_by = c.id THEN NULL ELSE s.opened_by END
  FROM changed c WHERE s.provider = c.provider AND s.registration = c.registration AND s.circuit_open)`;

const grantSql = (closesCircuit: boolean) => `
WITH changed AS (
  UPDATE connections SET
    access_token = $11, refresh_token = coalesce($12, refresh_token), token_type = coalesce($13, token_type),
    scopes = coalesce($14::text[], scopes), metadata = CASE WHEN $15::jsonb IS NULL THEN metadata ELSE metadata || $15::jsonb END,
    expires_at = $16, refresh_token_expires_at = $17, next_refresh_at = $18, generation = generation + 1, status = 'connected',
    lease_owner = NULL, lease_until = NULL, not_before = NULL, failing_since = NULL, consecutive_failures = 0, lost_answers = 0,
    last_refresh_at = $9, last_error_code = NULL, last_error_message = NULL, updated_at = $9
  WHERE id = $1 AND generation = $2 AND status <> 'disconnected'
  RETURNING id, user_id, provider, registration, status, last_error_code, last_error_message, expires_at
), logged AS (${logSql(true, "$16")})
, told AS (${eventsSql})${closesCircuit ? closeCircuitSql : ""}
SELECT count(*)::int AS changed FROM changed`;

const setbackSql = (provider: string) => `
WITH changed AS (
  UPDATE connections SET
    status = $11, next_refresh_at = $12, not_before = $13, failing_since = $14, consecutive_failures = $15, lost_answers = $16,
    last_error_code = coalesce($17, last_error_code), last_error_message = CASE WHEN $17::text IS NULL THEN last_error_message ELSE $5 END,
    lease_owner = NULL, lease_until = NULL, updated_at = $9
  WHERE id = $1 AND generation = $2 AND lease_owner = $18
  RETURNING id, user_id, provider, registration, status, last_error_code, last_error_message, expires_at
), logged AS (${logSql(false, "NULL::timestamptz")})
${provider}
SELECT count(*)::int AS changed FROM changed`;

const setbackSqlOf = {
  none: setbackSql(`, told AS (${eventsSql})`),
  throttle: setbackSql(`, told AS (${eventsSql}), throttled AS (
  INSERT INTO provider_states (provider, registration, fingerprint, throttled_until)
  SELECT c.provider, c.registration, $20, $21 FROM changed c
  ON CONFLICT (provider, registration) DO UPDATE
    SET throttled_until = greatest(provider_states.throttled_until, excluded.throttled_until))`),
  // Many requests may be under way when a registration goes bad: only the one that opens the circuit tells of it.
  open_circuit: setbackSql(`, opened AS (
  INSERT INTO provider_states (provider, registration, fingerprint, circuit_open, reason, opened_at, opened_by, next_probe_at)
  SELECT c.provider, c.registration, $20, true, $22, $9, c.id, $21 FROM changed c
  ON CONFLICT (provider, registration) DO UPDATE
    SET circuit_open = true, fingerprint = excluded.fingerprint, reason = excluded.reason, opened_at = excluded.opened_at,
        opened_by = excluded.opened_by, next_probe_at = excluded.next_probe_at, closed_at = NULL
    WHERE NOT provider_states.circuit_open
  RETURNING provider, reason, opened_at
), told AS (
  INSERT INTO outbox (event, connection_id, provider, payload)
  SELECT event, NULL, o.provider, jsonb_build_object('reason', o.reason, 'openedAt', o.opened_at)
  FROM opened o, unnest($10::text[]) AS event)`),
} as const;

function commitGrant(pool: Pool, record: GrantRecord) {
  const { transition } = record;
  const { tokens } = transition;
  const closes = transition.provider?.kind === "close_circuit";
  const hasMetadata = Object.keys(tokens.metadata).length > 0;
  return pool.query<{ changed: number }>({
    name: closes ? "commit-grant-closing" : "commit-grant",
    text: grantSql(closes),
    values: [
      ...common(record),
      tokens.accessToken,
      tokens.refreshToken,
      tokens.tokenType,
      tokens.scopes,
      hasMetadata ? tokens.metadata : null,
      transition.expiresAt,
      transition.refreshTokenExpiresAt,
      transition.nextRefreshAt,
    ],
  });
}

function commitSetback(pool: Pool, record: SetbackRecord) {
  const { transition } = record;
  const change = transition.provider?.kind === "close_circuit" ? null : transition.provider;
  const kind = change?.kind ?? "none";
  const values = [
    ...common(record),
    transition.status,
    transition.nextRefreshAt,
    transition.notBefore,
    transition.failingSince,
    transition.consecutiveFailures,
    transition.lostAnswers,
    transition.errorCode,
    record.leaseOwner,
    record.log.errorCode,
    ...(change?.kind === "throttle" ? [record.fingerprint, change.until] : []),
    ...(change?.kind === "open_circuit" ? [record.fingerprint, change.nextProbeAt, change.reason] : []),
  ];
  return pool.query<{ changed: number }>({ name: `commit-setback-${kind}`, text: setbackSqlOf[kind], values });
}

/** $1 to $10 of all commits. */
function common({ connectionId, generation, log, transition }: CommitRecord): unknown[] {
  const { trigger, outcome, message, httpStatus, durationMs, oldExpiresAt, at } = log;
  return [
    connectionId,
    generation,
    trigger,
    outcome,
    message,
    httpStatus,
    durationMs,
    oldExpiresAt,
    at,
    transition.events,
  ];
}

async function isStored(pool: Pool, record: GrantRecord): Promise<boolean> {
  const { rows } = await pool.query({
    name: "commit-is-stored",
    text: "SELECT 1 FROM connections WHERE id = $1 AND generation = $2 + 1 AND access_token = $3",
    values: [record.connectionId, record.generation, record.transition.tokens.accessToken],
  });
  return rows.length === 1;
}
