import type { Due, Queues } from "@evertoken/adapters";
import { behindInDeriving, checkJobs, type DueRow, duePage, type JobStanding } from "@evertoken/adapters";
import { jobId, spreadFraction } from "@evertoken/core";
import type { Pool } from "pg";
import { heldRegistrations, isHeld, isInPlace } from "./in-place.ts";
import type { OrphanSearch } from "./orphans.ts";
import { restorePauses } from "./pauses.ts";

export interface ReconcileDeps {
  readonly pool: Pool;
  readonly queues: Queues;
  readonly orphans: OrphanSearch;
  readonly now: () => Date;
  /** Overdue jobs that are added again are spread over this time, so that no provider is stormed. */
  readonly overdueSpreadMs: number;
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

const pageSize = 5000;
const firstId = "00000000-0000-0000-0000-000000000000";

/** Rebuilds from Postgres what Redis lost: missing jobs, wrong due times, pauses; removes jobs without a connection. */
export async function reconcile(deps: ReconcileDeps): Promise<ReconcileReport> {
  const queuesPaused = await restorePauses(deps.pool, deps.queues);
  const held = await heldRegistrations(deps.pool, deps.now());
  const report = { checked: 0, scheduled: 0, corrected: 0 };
  for await (const page of pages(deps.pool)) {
    for (const [provider, rows] of byProvider(page)) {
      const { scheduled, corrected } = await reconcileProvider(provider, rows, held, deps);
      report.scheduled += scheduled;
      report.corrected += corrected;
    }
    report.checked += page.length;
    deps.onPage?.(report.checked);
  }
  for (const { id, generation } of await behindInDeriving(deps.pool, deps.deriving))
    await deps.queues.derive(id, generation);
  const orphansRemoved = await deps.orphans.search(deps.queues);
  return { ...report, orphansRemoved, queuesPaused };
}

/** The next page is read while the last one is compared: Postgres and Redis work side by side. */
async function* pages(pool: Pool): AsyncGenerator<DueRow[]> {
  let reading = duePage(pool, firstId, pageSize);
  for (;;) {
    const page = await reading;
    const last = page.at(-1);
    if (last === undefined) return;
    if (page.length < pageSize) {
      yield page;
      return;
    }
    reading = duePage(pool, last.id, pageSize);
    reading.catch(() => {}); // seen when it is awaited, if the comparison gets that far
    yield page;
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

function byProvider(rows: readonly DueRow[]): Map<string, DueRow[]> {
  const groups = new Map<string, DueRow[]>();
  for (const row of rows) {
    const group = groups.get(row.provider);
    if (group === undefined) groups.set(row.provider, [row]);
    else group.push(row);
  }
  return groups;
}
