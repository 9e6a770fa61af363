import type { Pool } from "pg";

/** A connection as reconcile needs it. */
export interface DueRow {
  readonly id: string;
  readonly provider: string;
  readonly registration: string;
  readonly generation: number;
  readonly due_at: Date;
}

/** The connections that need a job, in pages by id. A due time is never earlier than the wait the provider asked for. */
export async function duePage(pool: Pool, afterId: string, limit: number): Promise<DueRow[]> {
  const { rows } = await pool.query<DueRow>({
    name: "due-page",
    text: `SELECT id, provider, registration, generation, greatest(next_refresh_at, not_before) AS due_at FROM connections
      WHERE id > $1 AND next_refresh_at IS NOT NULL AND auth_type = 'oauth2' AND status NOT IN ('disconnected', 'needs_reauth')
      ORDER BY id LIMIT $2`,
    values: [afterId, limit],
  });
  return rows;
}

/** Of the given jobs, those whose connection is gone, needs none, or has moved on to another generation. */
export async function withoutConnection(
  pool: Pool,
  jobs: readonly { connectionId: string; generation: number }[],
): Promise<Set<string>> {
  const { rows } = await pool.query<{ id: string; generation: number }>({
    name: "jobs-without-connection",
    text: `SELECT j.id::text AS id, j.generation FROM unnest($1::uuid[], $2::int[]) AS j(id, generation)
      LEFT JOIN connections c ON c.id = j.id AND c.generation = j.generation AND c.next_refresh_at IS NOT NULL
      WHERE c.id IS NULL`,
    values: [jobs.map((job) => job.connectionId), jobs.map((job) => job.generation)],
  });
  return new Set(rows.map(({ id, generation }) => `${id}-${generation}`));
}

/** Due, or ending before `before` and of a long life: what a sweep brings forward. */
export async function expiring(pool: Pool, before: Date, now: Date, afterId: string, limit: number): Promise<ExpiringRow[]> {
  const { rows } = await pool.query<ExpiringRow>({
    name: "sweep-expiring",
    text: `SELECT id, provider, generation, greatest(next_refresh_at, not_before) AS due_at, expires_at,
        coalesce(last_refresh_at, connected_at) AS issued_at, failing_since IS NOT NULL AS failing
      FROM connections
      WHERE id > $1 AND next_refresh_at <= $2 AND expires_at <= $2 AND auth_type = 'oauth2'
        AND status NOT IN ('disconnected', 'needs_reauth') AND (not_before IS NULL OR not_before <= $3)
      ORDER BY id LIMIT $4`,
    values: [afterId, before, now, limit],
  });
  return rows;
}

export interface ExpiringRow {
  readonly id: string;
  readonly provider: string;
  readonly generation: number;
  readonly due_at: Date;
  readonly expires_at: Date;
  readonly issued_at: Date;
  readonly failing: boolean;
}

/** Users see `token_expired` when the token has ended, not at the next attempt. @returns how many */
export async function markExpired(pool: Pool, now: Date): Promise<number> {
  const { rowCount } = await pool.query({
    name: "sweep-mark-expired",
    text: `UPDATE connections SET status = 'token_expired', updated_at = $1
      WHERE status = 'connected' AND failing_since IS NOT NULL AND expires_at <= $1
        AND next_refresh_at IS NOT NULL AND lease_owner IS NULL`,
    values: [now],
  });
  return rowCount ?? 0;
}

export interface AttemptCounts {
  readonly refreshed: number;
  readonly failed: number;
}

export async function attemptsSince(pool: Pool, since: Date): Promise<AttemptCounts> {
  const { rows } = await pool.query<AttemptCounts>({
    name: "attempts-since",
    text: `SELECT count(*) FILTER (WHERE success)::int AS refreshed, count(*) FILTER (WHERE NOT success)::int AS failed
      FROM token_refresh_log WHERE created_at > $1`,
    values: [since],
  });
  return rows[0] as AttemptCounts;
}

/** In slices, so that no statement runs long. @returns how many rows went */
export async function pruneLog(pool: Pool, before: Date, slice = 10_000): Promise<number> {
  let total = 0;
  for (;;) {
    const { rowCount } = await pool.query({
      name: "prune-log",
      text: `DELETE FROM token_refresh_log WHERE id IN (
        SELECT id FROM token_refresh_log WHERE created_at < $1 LIMIT $2)`,
      values: [before, slice],
    });
    total += rowCount ?? 0;
    if ((rowCount ?? 0) < slice) return total;
  }
}

export async function pruneOutbox(pool: Pool, before: Date): Promise<number> {
  const { rowCount } = await pool.query({
    name: "prune-outbox",
    text: "DELETE FROM outbox WHERE delivered_at < $1",
    values: [before],
  });
  return rowCount ?? 0;
}
