import type { Pool } from "pg";
import { dropBeside, dropPartitions, failedLog, grantedLog, ownsPartitions, tablesBeside } from "./partitions.ts";

interface Pruned {
  readonly table: string;
  /** When a row was written. Ids follow it, but for the seconds that an attempt takes. */
  readonly at: string;
  /** Of which rows `r` stay all the same; `$3` is the time before which others go, `$4` an earlier one. */
  readonly unless?: string;
  /** Runs with the ids of `gone`. */
  readonly along?: string;
}

const audit: Pruned = { table: "audit_log", at: "at" };
/** With its deliveries; one that is still on its way to an endpoint that is switched on stays. */
const outbox: Pruned = {
  table: "outbox",
  at: "created_at",
  unless: `r.delivered_at IS NULL OR r.delivered_at >= $3 OR EXISTS (SELECT 1 FROM webhook_deliveries d
    JOIN webhook_endpoints e ON e.id = d.endpoint_id AND e.enabled WHERE d.event_id = r.id AND d.status = 'pending')`,
  along: "DELETE FROM webhook_deliveries WHERE event_id IN (SELECT id FROM gone)",
};

export const pruneAudit = (pool: Pool, before: Date, slice?: number) => prune(pool, audit, [before], slice);
export const pruneOutbox = (pool: Pool, before: Date, slice?: number) => prune(pool, outbox, [before], slice);

/** Which refreshes are kept: the many that granted from `granted` on, the few others from an earlier time. */
export interface LogKept {
  readonly granted: Date;
  readonly failed: Date;
}

const rowsOfBoth = (table: string): Pruned => ({
  table,
  at: "created_at",
  unless: "NOT r.success AND r.created_at >= $4",
});

/** Partitions go whole; what fitted none, and what stands beside the log, row by row. */
export async function pruneLog(
  pool: Pool,
  { granted, failed }: LogKept,
  slice?: number,
): Promise<{ partitions: number; rows: number }> {
  if (!(await ownsPartitions(pool))) {
    return { partitions: 0, rows: await prune(pool, rowsOfBoth("token_refresh_log"), [granted, failed], slice) };
  }
  const partitions =
    (await dropPartitions(pool, grantedLog, granted)) + (await dropPartitions(pool, failedLog, failed));
  const inDefault = (table: string, before: Date) => prune(pool, { table, at: "created_at" }, [before], slice);
  let rows =
    (await inDefault(`${grantedLog.table}_default`, granted)) + (await inDefault(`${failedLog.table}_default`, failed));
  for (const beside of await tablesBeside(pool)) {
    rows += await prune(pool, rowsOfBoth(beside), [granted, failed], slice);
    await dropBeside(pool, beside);
  }
  return { partitions, rows };
}

/**
 * Walks a table from its oldest id on, a slice per statement, so that none runs long and none looks again at what the last one left dead:
 * a million connections write 48 million log rows a day. Ends at the first slice that is young throughout. @returns how many rows went
 */
async function prune(
  pool: Pool,
  { table, at, unless, along }: Pruned,
  times: readonly Date[],
  slice = 10_000,
): Promise<number> {
  const text = `WITH slice AS (SELECT id, ${at} AS at FROM ${table} WHERE id > $1 ORDER BY id LIMIT $2),
    gone AS (DELETE FROM ${table} r USING slice s
      WHERE r.id = s.id AND s.at < $3 ${unless === undefined ? "" : `AND NOT (${unless})`} RETURNING r.id)
    ${along === undefined ? "" : `, along AS (${along})`}
    SELECT max(id)::text AS last, min(at) < $3 AS old, (SELECT count(*)::int FROM gone) AS gone FROM slice`;
  let [total, after] = [0, "0"];
  for (;;) {
    const { rows } = await pool.query<{ last: string | null; old: boolean; gone: number }>({
      name: `prune-${table}`,
      text,
      values: [after, slice, ...times],
    });
    const done = rows[0];
    if (done === undefined || done.last === null || !done.old) return total;
    total += done.gone;
    after = done.last;
  }
}
