import type { Due, Queues } from "@evertoken/adapters";
import {
  behindInDeriving,
  checkJobs,
  type DueRow,
  duePage,
  dueSoonPage,
  type JobStanding,
  type SoonRow,
} from "@evertoken/adapters";
import { firstId, jobId, spreadFraction } from "@evertoken/core";
import type { Pool } from "pg";
import { heldRegistrations, isHeld, isInPlace } from "./in-place.ts";
import type { OrphanSearch } from "./orphans.ts";
import { restorePauses } from "./pauses.ts";
import { beginRun, endRun, isSmall, partOf, type Round, roundAfter } from "./rounds.ts";

export interface ReconcileDeps {
  readonly pool: Pool;
  readonly queues: Queues;
  readonly orphans: OrphanSearch;
  readonly now: () => Date;
  /** Overdue jobs that are added again are spread over this time, so that no provider is stormed. */
  readonly overdueSpreadMs: number;
  /** All rows in each run; else only when Redis was emptied, and a part of them in a run. */
  readonly whole: boolean;
  /** Providers that hand out child tokens. */
  readonly deriving: readonly string[];
  /** Called after each page, for progress. */
  readonly onPage?: (checked: number) => void;
}

export interface ReconcileReport {
  readonly checked: number;
  /** Missing jobs that were added. */
  readonly scheduled: number;
  /** Jobs that stood at a wrong time and were moved. */
  readonly corrected: number;
  readonly orphansRemoved: number;
  readonly queuesPaused: number;
}

const pageSize = 1000;

/** Before a job is due it is looked at once more: a run comes every minute, and may be late. */
const soonMs = 120_000;

/**
 * Rebuilds from Postgres what Redis lost: missing jobs, wrong due times, pauses; removes jobs without a connection.
 *
 * Where there are many connections a run looks at those that are due soon, and at a tenth of all.
 */
export async function reconcile(deps: ReconcileDeps): Promise<ReconcileReport> {
  const queuesPaused = await restorePauses(deps.pool, deps.queues);
  const held = await heldRegistrations(deps.pool, deps.now());
  const report = { checked: 0, scheduled: 0, corrected: 0 };
  const compare = async (page: readonly DueRow[]) => {
    for (const [provider, rows] of Map.groupBy(page, (row) => row.provider)) {
      const { scheduled, corrected } = await reconcileProvider(provider, rows, held, deps);
      report.scheduled += scheduled;
      report.corrected += corrected;
    }
    report.checked += page.length;
    deps.onPage?.(report.checked);
  };
  const round = deps.whole ? null : await beginRun(deps.queues);
  if (round !== null && !isSmall(round)) await compareSoon(deps, 2 * partOf(round), compare);
  const next = await walk(deps.pool, round ?? { after: firstId, walked: 0, total: 0 }, round === null, compare);
  if (!deps.whole) await endRun(deps.queues, next);
  for (const { id, generation } of await behindInDeriving(deps.pool, deps.deriving))
    await deps.queues.derive(id, generation);
  const orphansRemoved = await deps.orphans.search(deps.queues);
  return { ...report, orphansRemoved, queuesPaused };
}

type Compare = (page: readonly DueRow[]) => Promise<void>;

/** @param most after an outage all are due, and spread: the round sees to those beyond */
async function compareSoon({ pool, now }: ReconcileDeps, most: number, compare: Compare): Promise<void> {
  const until = new Date(now().getTime() + soonMs);
  let after: SoonRow | null = null;
  for (let seen = 0; seen < most; seen += pageSize) {
    const page: SoonRow[] = await dueSoonPage(pool, until, after, pageSize);
    await compare(page);
    after = page.at(-1) ?? null;
    if (page.length < pageSize) return;
  }
}

/** The next page is read while the last one is compared: Postgres and Redis work side by side. */
async function walk(pool: Pool, round: Round, whole: boolean, compare: Compare): Promise<Round> {
  const most = whole ? Number.POSITIVE_INFINITY : partOf(round);
  let walked = 0;
  let reading = duePage(pool, round.after, pageSize);
  for (;;) {
    const page = await reading;
    const last = page.at(-1);
    walked += page.length;
    if (last === undefined || page.length < pageSize || walked >= most) {
      await compare(page);
      return roundAfter(round, walked, page.length < pageSize ? null : (last?.id ?? null));
    }
    reading = duePage(pool, last.id, pageSize);
    reading.catch(() => {}); // seen when it is awaited, if the comparison gets that far
    await compare(page);
  }
}

async function reconcileProvider(
  provider: string,
  rows: readonly DueRow[],
  held: ReadonlySet<string>,
  deps: ReconcileDeps,
): Promise<{ scheduled: number; corrected: number }> {
  const queue = deps.queues.refreshQueue(provider);
  const standings = await checkJobs(
    deps.queues.redis,
    queue,
    rows.map((row) => jobId(row.id, row.generation)),
  );
  const now = deps.now();
  const missing: Due[] = [];
  const blocked: DueRow[] = [];
  const misplaced: Due[] = [];
  for (const [index, row] of rows.entries()) {
    const standing = standings[index] as JobStanding;
    if (standing.kind === "delayed") {
      if (!isInPlace(standing.dueAt, row.due_at, isHeld(row, held), now, deps.overdueSpreadMs)) {
        misplaced.push(dueOf(row, now, deps));
      }
    } else if (standing.kind !== "live" && (standing.kind !== "lost" || isLongOverdue(row, now))) {
      if (standing.kind !== "missing") blocked.push(row);
      missing.push(dueOf(row, now, deps));
    }
  }
  await inChunks(misplaced, (due) => deps.queues.place(due));
  await inChunks(blocked, (row) => deps.queues.remove(provider, row.id, row.generation));
  if (missing.length > 0) await deps.queues.addBulk(provider, missing);
  return { scheduled: missing.length, corrected: misplaced.length };
}

/** A job in no list may be on its way between two of them. */
const isLongOverdue = (row: DueRow, now: Date) => now.getTime() - row.due_at.getTime() >= lostMs;
const lostMs = 300_000;

const atOnce = 250;

/** Side by side, so that a thousand of them cost a few trips to Redis, not thousands. */
async function inChunks<T>(items: readonly T[], action: (item: T) => Promise<void>): Promise<void> {
  for (let from = 0; from < items.length; from += atOnce) {
    await Promise.all(items.slice(from, from + atOnce).map(action));
  }
}

function dueOf(row: DueRow, now: Date, { overdueSpreadMs }: ReconcileDeps): Due {
  const overdue = row.due_at <= now;
  const dueAt = overdue ? new Date(now.getTime() + spreadFraction(row.id) * overdueSpreadMs) : row.due_at;
  return { id: row.id, provider: row.provider, generation: row.generation, dueAt };
}
