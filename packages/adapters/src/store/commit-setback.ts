import type { SetbackRecord, Timing } from "@evertoken/core";
import type { Pool } from "pg";
import { circuitClosedSql, closedColumns, closingSql } from "./circuit-sql.ts";
import { pardon } from "./faults.ts";
import { attemptColumns, attemptParameters, logSql } from "./log-sql.ts";
import { tellSql } from "./tell-sql.ts";

const toldSql = tellSql(
  {
    ...{ event: "event", connectionId: "c.id", provider: "c.provider" },
    payload: {
      userId: "c.user_id",
      status: "c.status",
      errorCode: "c.last_error_code",
      message: "c.last_error_message",
      expiresAt: "c.expires_at",
    },
  },
  "changed c, r, jsonb_array_elements_text(r.events) AS event",
);

/** What a setback is given: the columns of its connection, of its row in the log, and of what it does to its provider (`change`). */
const givenSql = `SELECT * FROM json_to_record($1) AS r(id uuid, lease_owner text, status text, next_refresh_at timestamptz, not_before timestamptz,
    failing_since timestamptz, consecutive_failures int, lost_answers int, last_error_code text, events jsonb, fingerprint text,
    throttled_until timestamptz, code text, reason text, circuit_of text, reopened int, from_many boolean, next_probe_at timestamptz,
    believed boolean, window_ms float8, ${attemptColumns})`;

const setbackSql = (provider: string) => `
WITH r AS (${givenSql}
), changed AS (
  UPDATE connections c SET
    status = r.status, next_refresh_at = r.next_refresh_at, not_before = r.not_before, failing_since = r.failing_since,
    consecutive_failures = r.consecutive_failures, lost_answers = r.lost_answers,
    last_error_code = coalesce(r.last_error_code, c.last_error_code),
    last_error_message = CASE WHEN r.last_error_code IS NULL THEN c.last_error_message ELSE r.message END,
    lease_owner = NULL, lease_until = NULL, updated_at = r.at
  FROM r WHERE c.id = r.id AND c.generation = r.generation AND c.lease_owner = r.lease_owner
  RETURNING c.id, c.user_id, c.provider, c.registration, c.status, c.last_error_code, c.last_error_message, c.expires_at
), followed AS (
  -- No refresh of its own would show a child what became of the grant that it lives from. Told of once, with the parent.
  UPDATE connections child SET status = 'needs_reauth', last_error_code = c.last_error_code,
    last_error_message = 'the account that it belongs to has to be reconnected', updated_at = r.at
  FROM changed c, r WHERE c.status = 'needs_reauth' AND child.parent_id = c.id AND child.auth_type = 'derived' AND child.status = 'connected'
), logged AS (
  ${logSql({ connectionId: "c.id", provider: "c.provider", success: false }, "changed c, r")}
), told AS (
  ${toldSql}
)
${provider}
SELECT count(*)::int AS changed FROM changed`;

/** Whoever has met the fault already was asked: the round begins with the first of them. */
const firstFaultSql = `SELECT min(f.at) FROM faults f
      WHERE f.provider = c.provider AND f.registration = c.registration AND f.fingerprint = r.fingerprint AND f.circuit_of = r.circuit_of
        AND f.code = r.code AND f.at > clock_timestamp() - r.window_ms * interval '1 millisecond'
        AND f.at > coalesce((SELECT closed_at FROM circuits k WHERE k.provider = c.provider AND k.registration = c.registration
          AND k.fingerprint = r.fingerprint AND k.circuit_of = r.circuit_of), '-infinity')`;

const setbackSqlOf = {
  none: setbackSql(""),
  throttle: setbackSql(`, throttled AS (
  INSERT INTO provider_states (provider, registration, fingerprint, throttled_until)
  SELECT c.provider, c.registration, r.fingerprint, r.throttled_until FROM changed c, r
  ON CONFLICT (provider, registration) DO UPDATE
    SET throttled_until = greatest(provider_states.throttled_until, excluded.throttled_until))`),
  // Many requests may be under way when a registration goes bad: only the one that opens the circuit tells of it.
  open_circuit: setbackSql(`, opened AS (
  INSERT INTO circuits AS k (provider, registration, fingerprint, circuit_of, open, code, reason, opened_at, trouble_since, reopened, from_many,
    next_probe_at, round_started_at, doubted_at)
  SELECT c.provider, c.registration, r.fingerprint, r.circuit_of, true, r.code, r.reason, clock_timestamp(), clock_timestamp(), r.reopened,
    r.from_many, r.next_probe_at, coalesce((${firstFaultSql}), clock_timestamp()),
    CASE WHEN r.code = 'mass_denial' THEN clock_timestamp() END FROM changed c, r
  ON CONFLICT (provider, registration, fingerprint, circuit_of) DO UPDATE
    SET open = true, code = excluded.code, reason = excluded.reason, opened_at = excluded.opened_at,
        trouble_since = CASE WHEN excluded.reopened > 0 THEN k.trouble_since ELSE excluded.trouble_since END, reopened = excluded.reopened,
        from_many = excluded.from_many, next_probe_at = excluded.next_probe_at, round_started_at = excluded.round_started_at,
        doubted_at = coalesce(excluded.doubted_at, k.doubted_at)
    WHERE NOT k.open
  RETURNING provider, registration, code, reason, opened_at
), told_opened AS (
  ${tellSql(
    {
      ...{ event: "'provider.circuit_opened'", provider: "provider" },
      payload: { registration: "registration", errorCode: "code", reason: "reason", openedAt: "opened_at" },
    },
    "opened",
  )})`),
  close_circuit: setbackSql(`, closed AS (
  UPDATE circuits k SET ${closingSql("CASE WHEN r.believed THEN clock_timestamp() END")}
  FROM changed c, r WHERE k.provider = c.provider AND k.registration = c.registration AND k.fingerprint = r.fingerprint
    AND k.circuit_of IN ('', r.circuit_of) AND k.open
  RETURNING ${closedColumns}
), told_closed AS (${circuitClosedSql("closed")})`),
} as const;

/** No new tokens: needs the lease as well as the generation. @returns whether it was stored */
export async function commitSetback(pool: Pool, record: SetbackRecord, timing: Timing): Promise<boolean> {
  const kind = record.transition.provider?.kind ?? "none";
  const { rows } = await pool.query<{ changed: number }>({
    name: `commit-setback-${kind}`,
    text: setbackSqlOf[kind],
    values: [toParameters(record, timing)],
  });
  // Also when nothing changed: it may be said once more because the pardon failed, and nobody else may come to look.
  if (isFault(record)) await pardon(pool, record, timing);
  return rows[0]?.changed === 1;
}

function toParameters(record: SetbackRecord, timing: Timing) {
  const { connectionId, leaseOwner, fingerprint, transition } = record;
  return {
    id: connectionId,
    lease_owner: leaseOwner,
    status: transition.status,
    next_refresh_at: transition.nextRefreshAt,
    not_before: transition.notBefore,
    failing_since: transition.failingSince,
    consecutive_failures: transition.consecutiveFailures,
    lost_answers: transition.lostAnswers,
    last_error_code: transition.errorCode,
    events: transition.events,
    fingerprint,
    ...changeParameters(transition.provider, timing),
    ...attemptParameters(record),
  };
}

function changeParameters(change: SetbackRecord["transition"]["provider"], { unknownWindowMs }: Timing) {
  if (change === null) return {};
  switch (change.kind) {
    case "throttle":
      return { throttled_until: change.until };
    case "open_circuit": {
      const { nextProbeAt, reason, code, of, reopened, fromMany } = change;
      const when = { next_probe_at: nextProbeAt, window_ms: unknownWindowMs };
      return { ...when, reason, code, circuit_of: of, reopened, from_many: fromMany };
    }
    case "close_circuit":
      return { circuit_of: change.of, believed: change.believed };
    default:
      return change satisfies never;
  }
}

/** An answer that may be anybody's fault: a mark for it stands only while no circuit is open because of many. */
function isFault({ log: { outcome } }: SetbackRecord): boolean {
  return outcome === "unknown" || outcome === "misconfigured" || outcome === "denied";
}
