import type { Pool } from "pg";

/** Connections of one provider that are refreshed at the same time, within ten seconds, for tokens that live equally long. */
export interface ComingRefreshes {
  readonly provider: string;
  readonly dueAt: Date;
  /** When the tokens end that are to be replaced; null: never. */
  readonly expiresAt: Date | null;
  /** How long the tokens live that are there now; null: they never end. */
  readonly lifetimeSeconds: number | null;
  readonly connections: number;
}

const stepSeconds = 10;

/** Counted by Postgres, so that a million connections are some thousand rows. */
export async function comingRefreshes(pool: Pool, until: Date, provider: string | null): Promise<ComingRefreshes[]> {
  const { rows } = await pool.query<ComingRefreshes>(
    `SELECT provider, to_timestamp(due * $1) AS "dueAt", to_timestamp(ends * $1) AS "expiresAt",
       life * $1::int AS "lifetimeSeconds", count(*)::int AS connections
     FROM (SELECT provider, floor(extract(epoch FROM next_refresh_at) / $1) AS due, ceil(extract(epoch FROM expires_at) / $1) AS ends,
         round(extract(epoch FROM expires_at - coalesce(last_refresh_at, connected_at)) / $1)::int AS life
       FROM connections
       WHERE status IN ('connected', 'token_expired') AND next_refresh_at <= $2 AND ($3::text IS NULL OR provider = $3)) c
     GROUP BY provider, due, ends, life`,
    [stepSeconds, until, provider],
  );
  return rows;
}

/** Consents that no refresh can prolong, by the day (UTC) on which they end. */
export interface EndingConsents {
  readonly provider: string;
  readonly day: string;
  readonly connections: number;
}

export async function endingConsents(
  pool: Pool,
  from: Date,
  until: Date,
  provider: string | null,
): Promise<EndingConsents[]> {
  const { rows } = await pool.query<EndingConsents>(
    `SELECT provider, to_char(grant_ends_at AT TIME ZONE 'UTC', 'YYYY-MM-DD') AS day, count(*)::int AS connections FROM connections
     WHERE status IN ('connected', 'token_expired', 'error') AND grant_ends_at > $1 AND grant_ends_at <= $2
       AND ($3::text IS NULL OR provider = $3)
     GROUP BY 1, 2 ORDER BY 2, 1`,
    [from, until, provider],
  );
  return rows;
}
