import type { CommitRecord, Connection, UnknownAround } from "@evertoken/core";
import type { Pool } from "pg";

/**
 * Written first, counted second, in statements of their own: of any number of attempts that meet here at the same moment, the one
 * that writes last sees all others. Counting first would let a whole burst pass, each attempt alone in its own sight.
 */
export async function meetUnknown(pool: Pool, connection: Connection, at: Date, since: Date): Promise<UnknownAround> {
  const { id, provider, registration } = connection;
  await pool.query({
    name: "unknown-write",
    text: `INSERT INTO unknown_answers (connection_id, provider, registration, at) VALUES ($1, $2, $3, $4)
      ON CONFLICT (connection_id) DO UPDATE SET provider = excluded.provider, registration = excluded.registration, at = excluded.at`,
    values: [id, provider, registration, at],
  });
  const { rows } = await pool.query<UnknownAround>({
    name: "unknown-around",
    text: `WITH met AS (
        SELECT u.connection_id, u.at FROM unknown_answers u
        LEFT JOIN provider_states s ON s.provider = u.provider AND s.registration = u.registration
        WHERE u.provider = $1 AND u.registration = $2 AND u.at > $3 AND u.at > coalesce(s.closed_at, '-infinity')
      ), granted AS (
        -- The newest rows by primary key: cheap in a log of any size, and any number of grants that matters is among them.
        SELECT FROM (SELECT * FROM token_refresh_log ORDER BY id DESC LIMIT 10000) l
        WHERE l.created_at >= (SELECT min(at) FROM met) AND l.success AND l.provider = $1
          AND (SELECT c.registration FROM connections c WHERE c.id = l.connection_id) = $2
        LIMIT (SELECT count(*) FROM met))
      SELECT (SELECT count(*)::int FROM met WHERE connection_id <> $4) AS unknown, (SELECT count(*)::int FROM granted) AS granted`,
    values: [provider, registration, since, id],
  });
  return rows[0] as UnknownAround;
}

/** Marks older than this have another cause. */
const pardonMs = 3_600_000;

/**
 * While a circuit is open no mark for an unknown answer stands. Runs after every commit of one, be it the one that marks or the one
 * that opens the circuit: each has written its own part before it looks for the other's, so whichever comes last finds both.
 */
export async function pardonUnknown(pool: Pool, { provider, registration, log }: CommitRecord): Promise<void> {
  await pool.query({
    name: "unknown-pardon",
    // A locked row is being pardoned by somebody else, or marked by one who will look here next. Waiting for it could end in a deadlock.
    text: `WITH marked AS (
        SELECT c.id, s.next_probe_at FROM connections c
        JOIN provider_states s ON s.provider = c.provider AND s.registration = c.registration AND s.circuit_open
        WHERE c.provider = $1 AND c.registration = $2 AND c.status = 'error' AND c.last_error_code = 'unknown_answer' AND c.updated_at > $4
        FOR UPDATE OF c SKIP LOCKED
      ), pardoned AS (
        UPDATE connections c SET status = CASE WHEN c.expires_at <= $3 THEN 'token_expired' ELSE 'connected' END, last_error_code = NULL,
          last_error_message = NULL, failing_since = NULL, consecutive_failures = 0, next_refresh_at = m.next_probe_at, updated_at = $3
        FROM marked m WHERE c.id = m.id
        RETURNING c.id, c.provider, c.user_id, c.status, c.expires_at)
      INSERT INTO outbox (event, connection_id, provider, payload)
      SELECT 'connection.recovered', id, provider, jsonb_build_object('userId', user_id, 'status', status, 'errorCode', NULL,
        'message', NULL, 'expiresAt', expires_at) FROM pardoned WHERE status = 'connected'`,
    values: [provider, registration, log.at, new Date(log.at.getTime() - pardonMs)],
  });
}

/** Long past any window that is counted. @returns how many rows went */
export async function pruneUnknown(pool: Pool, before: Date): Promise<number> {
  const { rowCount } = await pool.query({
    name: "prune-unknown",
    text: "DELETE FROM unknown_answers WHERE at < $1",
    values: [before],
  });
  return rowCount ?? 0;
}
