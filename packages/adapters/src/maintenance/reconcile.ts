import { jobId, spreadFraction } from "@evertoken/core";
import type { Queue } from "bullmq";
import type { Pool } from "pg";
import type { Due, Queues } from "../queues.ts";
import { behindInDeriving, type DueRow, duePage } from "../store/maintenance.ts";
import { providerStates } from "../store/provider-states.ts";
import { checkJobs, type JobStanding } from "./job-check.ts";
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

/** A job may stand this far from its due time: clocks differ, and a refused claim comes back a little later. */
const toleranceMs = 60_000;

/** Rebuilds from Postgres what Redis lost: missing jobs, wrong due times, pauses; removes jobs without a connection. */
export async function reconcile(deps: ReconcileDeps): Promise<ReconcileReport> {
  const queuesPaused = await restorePauses(deps.pool, deps.queues);
  const heldUntil = await openCircuits(deps.pool);
  const report = { checked: 0, scheduled: 0, corrected: 0 };
  for await (const page of pages(deps.pool)) {
    for (const [provider, rows] of byProvider(page)) {
      const { scheduled, corrected } = await reconcileProvider(provider, rows, heldUntil, deps);
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
  heldUntil: ReadonlyMap<string, Date>,
  deps: ReconcileDeps,
): Promise<{ scheduled: number; corrected: number }> {
  const queue = deps.queues.refresh(provider);
  const standings = await checkJobs(
    deps.queues.redis,
    queue,
    rows.map((row) => jobId(row.id, row.generation)),
  );
  const now = deps.now();
  const missing: Due[] = [];
  const blocked: DueRow[] = [];
  let corrected = 0;
  for (const [index, row] of rows.entries()) {
    const standing = standings[index] as JobStanding;
    if (standing.kind === "delayed") {
      const held = heldUntil.get(`${row.provider}/${row.registration}`);
      if (isInPlace(standing.dueAt, row.due_at, held, now, deps.overdueSpreadMs)) continue;
      await deps.queues.place(dueOf(row, now, deps));
      corrected++;
    } else if (standing.kind === "missing") {
      missing.push(dueOf(row, now, deps));
    } else if (standing.kind === "finished" || (await isLost(queue, row, now))) {
      blocked.push(row);
      missing.push(dueOf(row, now, deps));
    }
  }
  await Promise.all(blocked.map((row) => deps.queues.remove(provider, row.id, row.generation)));
  if (missing.length > 0) await deps.queues.addBulk(provider, missing);
  return { scheduled: missing.length, corrected };
}

/** A job that is in no list of its queue: nobody will ever run it, and its id blocks a new one. Looked for only when long overdue. */
async function isLost(queue: Queue, row: DueRow, now: Date): Promise<boolean> {
  if (now.getTime() - row.due_at.getTime() < lostMs) return false;
  return (await queue.getJobState(jobId(row.id, row.generation))) === "unknown";
}

const lostMs = 300_000;

function isInPlace(jobAt: Date, dueAt: Date, heldUntil: Date | undefined, now: Date, overdueSpreadMs: number): boolean {
  // An overdue job stays where it was spread to: to spread it anew at each look would put it off for ever.
  const wanted = dueAt <= now ? now.getTime() + overdueSpreadMs : dueAt.getTime();
  const latest = Math.max(wanted, heldUntil?.getTime() ?? 0);
  const early = dueAt.getTime() - jobAt.getTime();
  return jobAt.getTime() <= latest + toleranceMs && (early <= toleranceMs || jobAt <= now);
}

function dueOf(row: DueRow, now: Date, { overdueSpreadMs }: ReconcileDeps): Due {
  const overdue = row.due_at <= now;
  const dueAt = overdue ? new Date(now.getTime() + spreadFraction(row.id) * overdueSpreadMs) : row.due_at;
  return { id: row.id, provider: row.provider, generation: row.generation, dueAt };
}

/** Jobs of a provider whose circuit is open wait for the probe, up to two intervals after it. */
async function openCircuits(pool: Pool): Promise<Map<string, Date>> {
  const held = new Map<string, Date>();
  for (const state of await providerStates(pool)) {
    const until = state.circuit_open ? state.next_probe_at : state.throttled_until;
    if (until !== null) held.set(`${state.provider}/${state.registration}`, new Date(until.getTime() + circuitSlackMs));
  }
  return held;
}

const circuitSlackMs = 10 * 60_000;

function byProvider(rows: readonly DueRow[]): Map<string, DueRow[]> {
  const groups = new Map<string, DueRow[]>();
  for (const row of rows) {
    const group = groups.get(row.provider);
    if (group === undefined) groups.set(row.provider, [row]);
    else group.push(row);
  }
  return groups;
}
