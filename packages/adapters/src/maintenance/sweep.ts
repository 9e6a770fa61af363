import type { Pool } from "pg";
import type { Queues } from "../queues.ts";
import { attemptsSince, countExpiring, makeLateDue, markExpired } from "../store/maintenance.ts";

export interface SweepDeps {
  readonly pool: Pool;
  readonly queues: Queues;
  readonly now: () => Date;
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
export async function sweep({ pool, queues, now }: SweepDeps, windowMs: number, sinceMs: number): Promise<SweepReport> {
  const start = now();
  const until = new Date(start.getTime() + windowMs);
  const window = { lateSince: new Date(start.getTime() - lateMs), until, longLifeMs: 2 * windowMs };
  const expiring = await countExpiring(pool, until);
  let scheduled = 0;
  for (;;) {
    const late = await makeLateDue(pool, window, start, pageSize);
    await Promise.all(late.map((row) => queues.bringForward(row, { trigger: "sweep" })));
    scheduled += late.length;
    if (late.length < pageSize) break;
  }
  const expired = await markExpired(pool, start);
  const attempts = await attemptsSince(pool, new Date(start.getTime() - sinceMs));
  return { ...attempts, skipped: Math.max(0, expiring - scheduled), scheduled, expired };
}
