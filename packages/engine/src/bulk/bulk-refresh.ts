import { givenRows } from "@evertoken/adapters";
import type { BulkOptions, BulkReport } from "@evertoken/client";
import type { Engine } from "../engine.ts";
import { concernsAll, EvertokenError, withStore } from "../evertoken-error.ts";
import { scheduleNow } from "../refresh/schedule.ts";
import { type BulkFilter, bulkCandidates } from "./bulk-candidates.ts";

const pollMs = 200;
const atOnce = 50;

/** So many are brought forward before the first is done: more would make the routine work of their queue wait for all of them. */
const inFlight = 500;
/** Each of these passes a limit of its provider, so there are few. */
const inFlightForced = 20;

interface Waiting {
  readonly id: string;
  readonly generation: number;
}

type Counts = { -readonly [K in keyof BulkReport]: BulkReport[K] } & { failedIds: string[] };

/** Brings the jobs of all expiring connections forward, some at a time, and waits for them. */
export async function refreshAllExpiring(engine: Engine, options: BulkOptions & BulkFilter = {}): Promise<BulkReport> {
  const { signal, timeoutMs = 600_000, needsReauth: force = false } = options;
  const ids = await bulkCandidates(engine, options, engine.clock.now());
  const counts = { total: ids.length, refreshed: 0, failed: 0, skipped: 0 };
  const report: Counts = { ...counts, pending: ids.length, connectionIds: ids, failedIds: [] };
  if (options.dryRun === true) return report;

  const since = await lastLogId(engine);
  let taken = 0;
  const waiting = new Map<string, Waiting>();
  let [movedAt, toldAt] = [Date.now(), 0];
  while (report.pending > 0 && Date.now() - movedAt < timeoutMs) {
    signal?.throwIfAborted();
    const before = report.pending;
    const room = Math.min(atOnce, (force ? inFlightForced : inFlight) - waiting.size);
    const batch = ids.slice(taken, taken + room);
    taken += batch.length;
    const jobs = await engine.work.run(() => Promise.all(batch.map((id) => bringForward(engine, id, force))));
    for (const job of jobs) {
      if (job === null) report.skipped++;
      else waiting.set(job.id, job);
    }
    await engine.work.run(() => tellFates(engine, waiting, { since, force }, report));
    report.pending = report.total - report.refreshed - report.failed - report.skipped;
    const now = Date.now();
    if (report.pending === 0 || now - toldAt >= pollMs) {
      options.onProgress?.({ ...report });
      toldAt = now;
    }
    if (report.pending < before) movedAt = now;
    else await engine.work.pause(pollMs);
  }
  return report;
}

async function bringForward(engine: Engine, id: string, force: boolean): Promise<Waiting | null> {
  try {
    const { generation, dueAt } = await scheduleNow(engine, id, { trigger: "bulk", force });
    return dueAt.getTime() > engine.clock.now().getTime() ? null : { id, generation };
  } catch (error) {
    if (error instanceof EvertokenError && !concernsAll(error)) return null;
    throw error;
  }
}

/** What is logged from now on, by a sequence instead of anybody's clock. */
async function lastLogId({ pool }: Engine): Promise<string> {
  const { rows } = await withStore(() =>
    pool.query<{ id: string }>("SELECT coalesce(max(id), 0)::text AS id FROM token_refresh_log"),
  );
  return rows[0]?.id ?? "0";
}

/**
 * A job is done when the generation has moved, or an attempt of it stands in the log. One that an open circuit or a limit holds back is
 * left to it: it comes when they allow.
 */
async function tellFates(
  { pool }: Engine,
  waiting: Map<string, Waiting>,
  { since, force }: { since: string; force: boolean },
  report: Counts,
): Promise<void> {
  const jobs = [...waiting.values()];
  const { rows } = await withStore(() =>
    pool.query<{ id: string; fate: "refreshed" | "failed" | "skipped" | null }>(
      `SELECT w.id::text AS id, CASE
         WHEN c.id IS NULL THEN 'skipped'
         WHEN c.generation > w.generation THEN 'refreshed'
         WHEN EXISTS (SELECT 1 FROM token_refresh_log l
           WHERE l.connection_id = w.id AND l.generation = w.generation AND NOT l.success AND l.id > $2) THEN 'failed'
         WHEN NOT $3 AND (s.throttled_until > now() OR EXISTS (SELECT 1 FROM circuits k
           WHERE k.provider = c.provider AND k.registration = c.registration AND k.open AND k.circuit_of IN ('', c.client))) THEN 'skipped' END AS fate
       FROM ${givenRows("w", "id uuid, generation int")} LEFT JOIN connections c ON c.id = w.id
       LEFT JOIN provider_states s ON s.provider = c.provider AND s.registration = c.registration`,
      [JSON.stringify(jobs.map(({ id, generation }) => ({ id, generation }))), since, force],
    ),
  );
  for (const { id, fate } of rows) {
    if (fate === null) continue;
    waiting.delete(id);
    report[fate]++;
    if (fate === "failed") report.failedIds.push(id);
  }
}
