import type { ProviderChange, SetbackRecord, Timing } from "@evertoken/core";
import type { Pool } from "pg";
import { circuitClosedSql, closedColumns, closingSql } from "./circuit-sql.ts";
import { pardon } from "./faults.ts";

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

/** Whoever has met the fault already was asked: the round begins with the first of them. */
const firstFaultSql = `SELECT min(f.at) FROM faults f
      WHERE f.provider = c.provider AND f.registration = c.registration AND f.fingerprint = $20 AND f.circuit_of = $24 AND f.code = $23
        AND f.at > clock_timestamp() - $27 * interval '1 millisecond' AND f.at > coalesce((SELECT closed_at FROM circuits k
          WHERE k.provider = c.provider AND k.registration = c.registration AND k.fingerprint = $20 AND k.circuit_of = $24), '-infinity')`;

const setbackSqlOf = {
  none: setbackSql(`, told AS (${eventsSql})`),
  throttle: setbackSql(`, told AS (${eventsSql}), throttled AS (
  INSERT INTO provider_states (provider, registration, fingerprint, throttled_until)
  SELECT c.provider, c.registration, $20, $21 FROM changed c
  ON CONFLICT (provider, registration) DO UPDATE
    SET throttled_until = greatest(provider_states.throttled_until, excluded.throttled_until))`),
  // Many requests may be under way when a registration goes bad: only the one that opens the circuit tells of it.
  open_circuit: setbackSql(`, told AS (${eventsSql}), opened AS (
  INSERT INTO circuits AS k (provider, registration, fingerprint, circuit_of, open, code, reason, opened_at, trouble_since, reopened, from_many,
    next_probe_at, round_started_at, doubted_at)
  SELECT c.provider, c.registration, $20, $24, true, $23, $22, clock_timestamp(), clock_timestamp(), $25, $26, $21,
    coalesce((${firstFaultSql}), clock_timestamp()), CASE WHEN $23 = 'mass_denial' THEN clock_timestamp() END FROM changed c
  ON CONFLICT (provider, registration, fingerprint, circuit_of) DO UPDATE
    SET open = true, code = excluded.code, reason = excluded.reason, opened_at = excluded.opened_at,
        trouble_since = CASE WHEN excluded.reopened > 0 THEN k.trouble_since ELSE excluded.trouble_since END, reopened = excluded.reopened,
        from_many = excluded.from_many, next_probe_at = excluded.next_probe_at, round_started_at = excluded.round_started_at,
        doubted_at = coalesce(excluded.doubted_at, k.doubted_at)
    WHERE NOT k.open
  RETURNING provider, registration, code, reason, opened_at
), told_opened AS (
  INSERT INTO outbox (event, provider, payload)
  SELECT 'provider.circuit_opened', provider,
    jsonb_build_object('registration', registration, 'errorCode', code, 'reason', reason, 'openedAt', opened_at) FROM opened)`),
  close_circuit: setbackSql(`, told AS (${eventsSql}), closed AS (
  UPDATE circuits k SET ${closingSql("CASE WHEN $22 THEN clock_timestamp() END")}
  FROM changed c WHERE k.provider = c.provider AND k.registration = c.registration AND k.fingerprint = $20
    AND k.circuit_of IN ('', $21) AND k.open
  RETURNING ${closedColumns}
), told_closed AS (${circuitClosedSql("closed")})`),
} as const;

/** No new tokens: needs the lease as well as the generation. @returns whether it was stored */
export async function commitSetback(pool: Pool, record: SetbackRecord, timing: Timing): Promise<boolean> {
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
    ...(change?.kind === "open_circuit" ? [record.fingerprint, ...opening(change), timing.unknownWindowMs] : []),
    ...(change?.kind === "close_circuit" ? [record.fingerprint, change.of, change.believed] : []),
  ];
  const { rows } = await pool.query<{ changed: number }>({
    name: `commit-setback-${kind}`,
    text: setbackSqlOf[kind],
    values,
  });
  if (rows[0]?.changed !== 1) return false;
  if (isFault(record)) await pardon(pool, record, timing);
  return true;
}

/** An answer that may be anybody's fault: a mark for it stands only while no circuit is open because of many. */
function isFault({ log: { outcome } }: SetbackRecord): boolean {
  return outcome === "unknown" || outcome === "misconfigured" || outcome === "denied";
}

/** $21 to $26. */
function opening(change: Extract<ProviderChange, { kind: "open_circuit" }>): unknown[] {
  const { nextProbeAt, reason, code, of, reopened, fromMany } = change;
  return [nextProbeAt, reason, code, of, reopened, fromMany];
}

/** $1 to $10. */
function common({ connectionId, generation, log, transition }: SetbackRecord): unknown[] {
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
