import type { Pool } from "pg";

/** Each step of durations is a quarter longer than the one before: percentiles are right within an eighth. */
const bucketSql = "greatest(0, ceil(ln(greatest(duration_ms, 1)) / ln(1.25)))::int";

/** The finest that is kept. */
const stepMs = 300_000;

const addedSql = `date_bin(interval '${stepMs} milliseconds', created_at, 'epoch') AS step, provider, outcome, coalesce(error_code, '') AS error_code,
  ${bucketSql} AS duration_bucket, count(*)::int AS attempts, max(created_at) AS last_at,
  (array_agg(connection_id ORDER BY id DESC))[1] AS last_connection_id`;

const togetherSql = `sum(attempts)::int AS attempts, max(last_at) AS last_at,
  (array_agg(last_connection_id ORDER BY last_at DESC))[1] AS last_connection_id`;

const addToSql = `SET attempts = s.attempts + excluded.attempts, last_at = greatest(s.last_at, excluded.last_at),
  last_connection_id = CASE WHEN excluded.last_at >= s.last_at THEN excluded.last_connection_id ELSE s.last_connection_id END`;

/** Client-side, a statement is given up after 10 s; none that got an id this long ago is still to come. */
const allVisibleMs = 30_000;
const slice = 200_000;

/**
 * Adds what is new in the refresh log to the hourly statistics, in slices by id. Ids are given out before their rows are seen, and not
 * seen in order: so it goes no further than the last id that was given out at the time of the last run. In one statement, so that every row counts once,
 * whoever else does the same.
 *
 * @returns how many rows were added
 */
export async function addUpRefreshes(pool: Pool): Promise<number> {
  let added = 0;
  for (;;) {
    const { rows } = await pool.query<{ added: number; left: boolean }>({
      name: "refresh-stats-add",
      text: `WITH was AS (
          SELECT added_up_to, least(seen_up_to, added_up_to + $1) AS up_to, seen_up_to,
            (SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM token_refresh_log_id_seq) AS given_out
          FROM refresh_stats_progress WHERE seen_at <= clock_timestamp() - $2 * interval '1 millisecond' FOR UPDATE
        ), moved AS (
          UPDATE refresh_stats_progress p SET added_up_to = was.up_to,
            seen_up_to = CASE WHEN was.up_to = was.seen_up_to THEN was.given_out ELSE p.seen_up_to END,
            seen_at = CASE WHEN was.up_to = was.seen_up_to THEN clock_timestamp() ELSE p.seen_at END
          FROM was RETURNING p.added_up_to
        ), sums AS (
          SELECT ${addedSql} FROM refresh_log l, was WHERE l.id > was.added_up_to AND l.id <= was.up_to GROUP BY 1, 2, 3, 4, 5
        ), by_hour AS (
          INSERT INTO refresh_stats AS s (hour, provider, outcome, error_code, duration_bucket, attempts, last_at, last_connection_id)
          SELECT date_trunc('hour', step, 'UTC'), provider, outcome, error_code, duration_bucket, ${togetherSql} FROM sums GROUP BY 1, 2, 3, 4, 5
          ON CONFLICT (hour, provider, outcome, error_code, duration_bucket) DO UPDATE ${addToSql}
        ), by_step AS (
          INSERT INTO refresh_steps AS s (step, provider, outcome, error_code, attempts, last_at, last_connection_id)
          SELECT step, provider, outcome, error_code, ${togetherSql} FROM sums WHERE step > now() - interval '1 day' GROUP BY 1, 2, 3, 4
          ON CONFLICT (step, provider, outcome, error_code) DO UPDATE ${addToSql}
        )
        SELECT coalesce((SELECT sum(attempts) FROM sums), 0)::int AS added, was.up_to < was.seen_up_to AS left FROM was`,
      values: [slice, allVisibleMs],
    });
    added += rows[0]?.added ?? 0;
    if (rows[0]?.left !== true) return added;
  }
}

export async function pruneRefreshStats(pool: Pool, before: Date): Promise<number> {
  await pool.query("DELETE FROM refresh_steps WHERE step < now() - interval '2 days'");
  const { rowCount } = await pool.query("DELETE FROM refresh_stats WHERE hour < $1", [before]);
  return rowCount ?? 0;
}

/** Attempts of a step of time that ended alike. */
export interface RefreshCount {
  /** When the step began. */
  readonly at: Date;
  readonly provider: string;
  readonly outcome: string;
  readonly error_code: string | null;
  readonly attempts: number;
  readonly last_at: Date;
  readonly last_connection_id: string;
}

/** How long attempts of a provider took: up to 1.25^bucket ms. */
export interface DurationCount {
  readonly provider: string;
  readonly duration_bucket: number;
  readonly attempts: number;
}

export interface RefreshStats {
  readonly counts: readonly RefreshCount[];
  readonly durations: readonly DurationCount[];
  /** The log is longer than what was added up by more than could be read along: the scheduler has not been running. */
  readonly behind: boolean;
}

/** What is in the log and not yet added up is read along, so far. */
const mostUnadded = 200_000;

const hourMs = 3_600_000;

/**
 * Attempts since then, up to this moment, in steps that begin at `since`: of five minutes or a multiple of an hour.
 * How long they took is told from the beginning of that hour on.
 */
export async function refreshStats(pool: Pool, since: Date, step = hourMs): Promise<RefreshStats> {
  const [table, column] = step < hourMs ? ["refresh_steps", "step"] : ["refresh_stats", "hour"];
  const { rows } = await pool.query<RefreshCount & DurationCount & { of_step: boolean; unadded: number }>(
    `WITH newest AS MATERIALIZED (
       SELECT l.* FROM refresh_log l WHERE l.id > (SELECT added_up_to FROM refresh_stats_progress) AND l.created_at >= $1
       ORDER BY l.id DESC LIMIT $2
     ), unadded AS MATERIALIZED (
       SELECT ${addedSql} FROM newest GROUP BY 1, 2, 3, 4, 5
     ), counted AS (
       SELECT ${column} AS at, provider, outcome, error_code, attempts, last_at, last_connection_id FROM ${table} WHERE ${column} >= $1
       UNION ALL SELECT step, provider, outcome, error_code, attempts, last_at, last_connection_id FROM unadded
     ), timed AS (
       SELECT provider, duration_bucket, attempts FROM refresh_stats WHERE hour >= date_trunc('hour', $1::timestamptz, 'UTC')
       UNION ALL SELECT provider, duration_bucket, attempts FROM unadded)
     SELECT true AS of_step, date_bin($3 * interval '1 millisecond', at, $1) AS at, provider, outcome, nullif(error_code, '') AS error_code,
       NULL::int AS duration_bucket, ${togetherSql}, (SELECT count(*)::int FROM newest) AS unadded
     FROM counted GROUP BY 2, 3, 4, 5
     UNION ALL
     SELECT false, NULL, provider, NULL, NULL, duration_bucket, sum(attempts)::int, NULL, NULL, (SELECT count(*)::int FROM newest)
     FROM timed GROUP BY provider, duration_bucket ORDER BY at`,
    [since, mostUnadded, step],
  );
  return {
    counts: rows.filter(({ of_step }) => of_step),
    durations: rows.filter(({ of_step }) => !of_step),
    behind: (rows[0]?.unadded ?? 0) >= mostUnadded,
  };
}
