import {
  type MetFault,
  mostCompared,
  reopensWithinMs,
  type SetbackRecord,
  type Surroundings,
  suspectedForMs,
  type Timing,
} from "@evertoken/core";
import type { Pool } from "pg";
import { tellSql } from "./tell-sql.ts";

/** Denials that stood for hours are believed for a day, as long as nothing is granted: those who wait behind them are asked meanwhile. */
const believedForMs = 86_400_000;
const historyMs = 7 * 86_400_000;

/**
 * Written first, counted second, in statements of their own: of any number of attempts that meet here at the same moment, the one
 * that writes last sees all others. Counting first would let a whole burst pass, each attempt alone in its own sight.
 */
export async function meetFault(pool: Pool, met: MetFault, timing: Timing): Promise<Surroundings> {
  const { connection, fingerprint, circuitOf, code, known } = met;
  const key = [connection.provider, connection.registration, fingerprint, circuitOf];
  await pool.query({
    name: "fault-write",
    text: `INSERT INTO faults (provider, registration, fingerprint, circuit_of, connection_id, code, known, at)
      VALUES ($1, $2, $3, $4, $5, $6, $7, clock_timestamp())
      ON CONFLICT (connection_id) DO UPDATE SET provider = excluded.provider, registration = excluded.registration,
        fingerprint = excluded.fingerprint, circuit_of = excluded.circuit_of, code = excluded.code, at = excluded.at,
        known = excluded.known OR (excluded.code = 'mass_denial' AND ${againSql}),
        times = CASE WHEN ${againSql} THEN faults.times + (${grantedSinceSql("faults.at")})::int ELSE 1 END,
        first_at = CASE WHEN ${againSql} THEN coalesce(faults.first_at, faults.at) END`,
    values: [...key, connection.id, code, known],
  });
  const { rows } = await pool.query<Surroundings>({
    name: "fault-around",
    text: aroundSql,
    values: [
      ...key,
      connection.id,
      code,
      timing.unknownWindowMs,
      mostCompared,
      reopensWithinMs(timing),
      believedForMs,
      historyMs,
      known && code !== "mass_denial",
      suspectedForMs(timing),
    ],
  });
  return rows[0] as Surroundings;
}

/** The fault that is written down was met before, and nothing was granted to this connection since. */
const againSql = `faults.code = excluded.code AND faults.fingerprint = excluded.fingerprint AND faults.circuit_of = excluded.circuit_of
  AND faults.at > (SELECT greatest(c.last_refresh_at, c.connected_at) FROM connections c WHERE c.id = excluded.connection_id)`;

/** The newest grants since a time, by primary key: cheap in a log of any size, of which days before that time are not looked into. */
const newestGrantsSql = (time: string) =>
  `(SELECT * FROM refresh_log WHERE success AND created_at > ${time} ORDER BY id DESC LIMIT 10000)`;

const grantedSinceSql = (time: string) => `EXISTS (SELECT 1 FROM ${newestGrantsSql(time)} l
  WHERE l.provider = $1 AND (SELECT c.registration FROM connections c WHERE c.id = l.connection_id) = $2)`;

const agoSql = (ms: string) => `clock_timestamp() - ${ms} * interval '1 millisecond'`;

const aroundSql = `
WITH k AS (
  SELECT * FROM circuits WHERE provider = $1 AND registration = $2 AND fingerprint = $3 AND circuit_of = $4
), met AS (
  SELECT f.connection_id, f.at FROM faults f
  WHERE f.provider = $1 AND f.registration = $2 AND f.fingerprint = $3 AND f.circuit_of = $4 AND f.code = $6
    AND f.at > ${agoSql("$7")} AND f.at > coalesce((SELECT closed_at FROM k), '-infinity') AND (NOT f.known OR $12 OR f.connection_id = $5)
), newest AS (
  SELECT at FROM met ORDER BY at DESC LIMIT $8
), log AS MATERIALIZED (
  -- Any number of grants that matters is among them. A clock that stands still within the statement, since only that spares days.
  SELECT l.created_at FROM ${newestGrantsSql("now() - $7 * interval '1 millisecond'")} l
  WHERE l.provider = $1 AND (SELECT c.registration FROM connections c WHERE c.id = l.connection_id) = $2
  LIMIT 1000
)
SELECT (SELECT count(*)::int FROM met WHERE connection_id <> $5) AS others,
  (SELECT count(*)::int FROM log WHERE created_at >= (SELECT min(at) FROM newest)) AS granted,
  (SELECT count(*)::int FROM log WHERE created_at > (SELECT closed_at FROM k)) AS "grantedSinceClosed",
  own.times, own.first_at AS "firstAt",
  coalesce((SELECT doubted_at > ${agoSql("$13")} FROM k), false) AS suspected,
  coalesce(CASE WHEN $6 = 'mass_denial' THEN (
    SELECT sum(attempts) FROM refresh_stats WHERE provider = $1 AND outcome = 'denied'
      AND hour > ${agoSql("$11")} AND hour < ${agoSql("$7")} - interval '1 hour') END * $7::float8 / $11, 0) AS usual,
  (SELECT code FROM k WHERE open) AS code, (SELECT trouble_since FROM k WHERE open) AS since,
  coalesce((SELECT CASE WHEN closed_at > ${agoSql("$9")} THEN reopened + 1 END FROM k), 0) AS reopened,
  coalesce((SELECT believed_at > ${agoSql("$10")} AND NOT ${grantedSinceSql("k.believed_at")} FROM k), false) AS believed
FROM faults own WHERE own.connection_id = $5`;

/** Marks older than this have another cause. */
const pardonMs = 3_600_000;

/**
 * While a circuit is open because of many no mark for its fault stands, and none for a first denial while others are doubted: one that was
 * denied again is believed for itself. Runs after every commit of one, be it the one that marks or the one that opens the circuit or
 * doubts: each has written its own part before it looks for the other's, so whichever comes last finds both.
 */
export async function pardon(pool: Pool, record: SetbackRecord, timing: Timing): Promise<void> {
  const { provider, registration, fingerprint, log } = record;
  await pool.query({
    name: "fault-pardon",
    text: pardonSql,
    values: [
      ...[provider, registration, fingerprint, log.at, pardonMs],
      ...[timing.unknownWindowMs, timing.circuitProbeMs],
    ],
  });
}

// A locked row is being pardoned by somebody else, or marked by one who will look here next. Waiting for it could end in a deadlock.
const pardonSql = `
WITH met AS (
  SELECT f.connection_id, f.code, f.at, f.first_at, k.code AS open_code, k.next_probe_at, k.opened_at
  FROM faults f LEFT JOIN circuits k0 USING (provider, registration, fingerprint, circuit_of)
  LEFT JOIN circuits k ON (k.provider, k.registration, k.fingerprint, k.circuit_of) = (f.provider, f.registration, f.fingerprint, f.circuit_of)
    AND k.open AND k.from_many
  WHERE f.provider = $1 AND f.registration = $2 AND f.fingerprint = $3 AND f.at > ${agoSql("$5")} AND f.at > coalesce(k0.closed_at, '-infinity')
), marked AS (
  SELECT c.id, coalesce(m.next_probe_at, clock_timestamp() + $7 * interval '1 millisecond') AS next_at FROM met m JOIN connections c ON c.id = m.connection_id
  WHERE (m.code = m.open_code AND c.status = 'error' AND c.last_error_code = m.code AND m.at > m.opened_at - $5 * interval '1 millisecond')
    OR (m.code = 'mass_denial' AND c.status = 'needs_reauth' AND c.last_error_code = 'refresh_token_expired' AND m.at > ${agoSql("$6")}
      AND m.first_at IS NULL
      AND EXISTS (SELECT 1 FROM met d JOIN connections x ON x.id = d.connection_id
        WHERE d.code = 'mass_denial' AND x.last_error_code = 'mass_denial' AND d.at > ${agoSql("$6")}))
  FOR UPDATE OF c SKIP LOCKED
), pardoned AS (
  UPDATE connections c SET status = CASE WHEN c.expires_at <= $4 THEN 'token_expired' ELSE 'connected' END, last_error_code = NULL,
    last_error_message = NULL, failing_since = NULL, consecutive_failures = 0, next_refresh_at = m.next_at, updated_at = $4
  FROM marked m WHERE c.id = m.id
  RETURNING c.id, c.provider, c.user_id, c.status, c.expires_at
), followed AS (
  UPDATE connections child SET status = 'connected', last_error_code = NULL, last_error_message = NULL, updated_at = $4
  FROM pardoned p WHERE child.parent_id = p.id AND child.auth_type = 'derived' AND child.status = 'needs_reauth'
)
${tellSql(
  {
    ...{ event: "'connection.recovered'", connectionId: "id", provider: "provider" },
    payload: { userId: "user_id", status: "status", errorCode: "NULL", message: "NULL", expiresAt: "expires_at" },
  },
  "pardoned",
)}`;

/** Long past any window that is counted, and any time for which it is suspected. @returns how many rows went */
export async function pruneFaults(pool: Pool, before: Date): Promise<number> {
  const { rowCount } = await pool.query({
    name: "prune-faults",
    text: "DELETE FROM faults WHERE at < $1",
    values: [before],
  });
  return rowCount ?? 0;
}
