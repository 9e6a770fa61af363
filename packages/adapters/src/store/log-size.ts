import type { Pool } from "pg";

/** Measured, with its two indexes (docs/guides/operating.md). */
const bytesOfGranted = 227;

export interface LogSize {
  /** What the refresh log takes now. */
  readonly bytes: number;
  /** What it comes to, when as many refreshes as in the last day are kept for so many days. */
  readonly expectedBytes: number;
  readonly grantedADay: number;
}

export async function logSize(pool: Pool, keepGrantedDays: number): Promise<LogSize> {
  const { rows } = await pool.query<{ bytes: number; granted: number }>(
    `SELECT (SELECT coalesce(sum(pg_total_relation_size(oid)), 0)::float8 FROM pg_class WHERE relkind = 'r'
         AND relname LIKE 'token\\_refresh\\_log%' AND relnamespace = (SELECT relnamespace FROM pg_class WHERE oid = 'token_refresh_log'::regclass)) AS bytes,
       (SELECT coalesce(sum(attempts), 0)::float8 FROM refresh_stats WHERE outcome = 'granted' AND hour > now() - interval '1 day') AS granted`,
  );
  const { bytes = 0, granted = 0 } = rows[0] ?? {};
  return { bytes, grantedADay: granted, expectedBytes: granted * keepGrantedDays * bytesOfGranted };
}
