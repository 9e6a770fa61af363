import type { Queues } from "@evertoken/adapters";
import {
  attemptsBetween,
  checkJobs,
  countExpiring,
  type LateRow,
  latePage,
  makeDue,
  markExpired,
} from "@evertoken/adapters";
import { jobId } from "@evertoken/core";
import type { Pool } from "pg";
import { heldRegistrations, isHeld, isInPlace } from "./in-place.ts";

export interface SweepDeps {
  readonly pool: Pool;
  readonly queues: Queues;
  readonly now: () => Date;
  /** Over which reconcile spreads overdue jobs: one that stands within it comes by itself. */
  readonly overdueSpreadMs: number;
}

export interface SweepReport {
  /** Attempts of all triggers since the last sweep. */
  readonly refreshed: number;
  readonly failed: number;
  /** Expiring, with a job that comes in time. */
  readonly skipped: number;
  /** Brought forward by this sweep. */
  readonly scheduled: number;
  /** Newly shown as `token_expired`. */
  readonly expired: number;
}

const pageSize = 1000;

/** Overdue by this much, a job is late: reconcile and the queue have had their chance. */
const lateMs = 30_000;

/**
 * The net under the net. Of the tokens that end within the window, those whose job is late are brought forward, and long-lived ones
 * (their life is at least two windows) as well, so that a day of trouble does not find them at their last five minutes.
 *
 * @param windowMs how far to look ahead
 * @param sinceMs how far to look back for the counts
 */
export async function sweep(deps: SweepDeps, windowMs: number, sinceMs: number): Promise<SweepReport> {
  const { pool, now } = deps;
  const start = now();
  const until = new Date(start.getTime() + windowMs);
  const window = { lateSince: new Date(start.getTime() - lateMs), until, longLifeMs: 2 * windowMs };
  const expiring = await countExpiring(pool, until);
  const held = await heldRegistrations(pool, start);
  let scheduled = 0;
  for (let after: LateRow | null = null; ; ) {
    const late: LateRow[] = await latePage(pool, window, after, pageSize);
    scheduled += await bringForward(late, held, start, deps);
    after = late.at(-1) ?? null;
    if (late.length < pageSize) break;
  }
  const expired = await markExpired(pool, start);
  const attempts = await attemptsBetween(pool, new Date(start.getTime() - sinceMs), start);
  return { ...attempts, skipped: Math.max(0, expiring - scheduled), scheduled, expired };
}

/**
 * After an outage all jobs are late and reconcile has spread them: bringing those forward would storm the provider after all. What waits
 * for a circuit, for its provider, or in a paused queue is left alone. Only rows whose job is moved are written, and an older due time is
 * kept: lateness is measured from it.
 */
async function bringForward(
  late: readonly LateRow[],
  held: ReadonlySet<string>,
  now: Date,
  { pool, queues, overdueSpreadMs }: SweepDeps,
): Promise<number> {
  let moved = 0;
  for (const [provider, rows] of Map.groupBy(late, (row) => row.provider)) {
    const queue = queues.refreshQueue(provider);
    if (await queue.isPaused()) continue;
    const ids = rows.map(({ id, generation }) => jobId(id, generation));
    const standings = await checkJobs(queues.redis, queue, ids);
    const away = rows.filter((row, index) => {
      const standing = standings[index];
      if (standing?.kind === "live") return false;
      const wanted = row.due_at < now ? row.due_at : now;
      return (
        standing?.kind !== "delayed" || !isInPlace(standing.dueAt, wanted, isHeld(row, held), now, overdueSpreadMs)
      );
    });
    if (away.length > 0) await makeDue(pool, away, now);
    await Promise.all(away.map((row) => queues.bringForward(row, { trigger: "sweep" })));
    moved += away.length;
  }
  return moved;
}
