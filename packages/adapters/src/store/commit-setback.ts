import type { CommitRecord, Setback } from "@evertoken/core";
import type { Pool } from "pg";
import { pardonUnknown } from "./unknown-answers.ts";

export type SetbackRecord = CommitRecord & { readonly transition: Setback };

const eventsSql = `
  INSERT INTO outbox (event, connection_id, provider, payload)
  SELECT event, c.id, c.provider, jsonb_build_object('userId', c.user_id, 'status', c.status, 'errorCode', c.last_error_code,
    'message', c.last_error_message, 'expiresAt', c.expires_at)
  FROM changed c, unnest($10::text[]) AS event`;

const setbackSql = (provider: string) => `
WITH changed AS (
  UPDATE connections SET
    status = $11, next_refresh_at = $12, not_before = $13, failing_since = $14, consecutive_failures = $15, lost_answers = $16,
    last_error_code = coalesce($17, last_error_code), last_error_message = CASE WHEN $17::text IS NULL THEN last_error_message ELSE $5 END,
    lease_owner = NULL, lease_until = NULL, updated_at = $9
  WHERE id = $1 AND generation = $2 AND lease_owner = $18
  RETURNING id, user_id, provider, registration, status, last_error_code, last_error_message, expires_at
), followed AS (
  -- No refresh of its own would show a child what became of the grant that it lives from. Told of once, with the parent.
  UPDATE connections child SET status = 'needs_reauth', last_error_code = c.last_error_code,
    last_error_message = 'the account that it belongs to has to be reconnected', updated_at = $9
  FROM changed c WHERE c.status = 'needs_reauth' AND child.parent_id = c.id AND child.auth_type = 'derived' AND child.status = 'connected'
), logged AS (
  INSERT INTO token_refresh_log (connection_id, provider, trigger, success, outcome, error_code, message, http_status, duration_ms,
    old_expires_at, generation, created_at)
  SELECT c.id, c.provider, $3, false, $4, $19, $5, $6, $7, $8, $2, $9 FROM changed c
)
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
  INSERT INTO provider_states (provider, registration, fingerprint, circuit_open, code, reason, opened_at, opened_by, next_probe_at)
  SELECT c.provider, c.registration, $20, true, $23, $22, $9, c.id, $21 FROM changed c
  ON CONFLICT (provider, registration) DO UPDATE
    SET circuit_open = true, fingerprint = excluded.fingerprint, code = excluded.code, reason = excluded.reason, opened_at = excluded.opened_at,
        opened_by = excluded.opened_by, next_probe_at = excluded.next_probe_at, closed_at = NULL
    WHERE NOT provider_states.circuit_open OR provider_states.fingerprint <> excluded.fingerprint
  RETURNING provider, registration, code, reason, opened_at
), told AS (
  INSERT INTO outbox (event, connection_id, provider, payload)
  SELECT event, NULL, o.provider, jsonb_build_object('errorCode', o.code, 'reason', o.reason, 'openedAt', o.opened_at)
  FROM opened o, unnest($10::text[]) AS event)`),
  close_circuit: setbackSql(`, told AS (${eventsSql}), closed AS (
  UPDATE provider_states s SET circuit_open = false, closed_at = $9,
    opened_by = CASE WHEN s.opened_by = c.id THEN NULL ELSE s.opened_by END
  FROM changed c WHERE s.provider = c.provider AND s.registration = c.registration AND s.circuit_open)`),
} as const;

/** No new tokens: needs the lease as well as the generation. @returns whether it was stored */
export async function commitSetback(pool: Pool, record: SetbackRecord): Promise<boolean> {
  const { transition } = record;
  const change = transition.provider;
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
    ...(change?.kind === "open_circuit" ? [record.fingerprint, change.nextProbeAt, change.reason, change.code] : []),
  ];
  const { rows } = await pool.query<{ changed: number }>({
    name: `commit-setback-${kind}`,
    text: setbackSqlOf[kind],
    values,
  });
  if (rows[0]?.changed !== 1) return false;
  if (record.log.errorCode === "unknown_answer") await pardonUnknown(pool, record);
  return true;
}

/** $1 to $10. */
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
