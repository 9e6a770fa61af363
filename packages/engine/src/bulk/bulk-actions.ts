import {
  type BulkActionRow,
  type BulkCounts,
  type BulkItem,
  bulkActionRow,
  chooseForBulk,
  countBulkItems,
  endBulkItems,
  endChoosing,
  finishBulkAction,
  noteBulkAction,
  openBulkItems,
  pruneBulkActions,
} from "@evertoken/adapters";
import { firstId } from "@evertoken/core";
import type { Engine } from "../engine.ts";
import { withQueue, withStore } from "../evertoken-error.ts";
import { openFor, sealFor } from "../sealed-value.ts";
import type { Actor } from "../told.ts";
import { type BulkDeed, bulkDeeds } from "./bulk-deeds.ts";

/** What is to be done, and who said so. Sealed: no row that SQL has written disconnects anybody. */
export interface BulkOrder extends Actor {
  readonly deed: BulkDeed;
  /** The one that is added or taken away. */
  readonly tag: string | null;
}

export interface BulkAction extends BulkCounts {
  readonly id: string;
  readonly order: BulkOrder;
  /** How many were chosen; null: they are still being chosen, and nothing has been done. */
  readonly total: number | null;
  /** `open`: nobody was told to begin, or whoever ran it was cut short. `unknown`: Redis is away. */
  readonly state: "open" | "running" | "finished" | "unknown";
  readonly createdAt: Date;
  readonly finishedAt: Date | null;
}

/** More at once would make a mistake too large. */
export const mostChosen = 100_000;

export const bulkJobName = "bulk-action";
const keptMs = 7 * 86_400_000;
const pageSize = 500;
const place = (id: string) => `bulk_actions/${id}`;

/**
 * Actions on many connections: chosen first, so that what is done is what was seen and confirmed, whatever changes meanwhile; then done by a worker,
 * some at a time, with what became of each. Each of these calls may be made again.
 */
export const bulkActions = { choose, start, find, run, prune };

/** @param pages the ids of connections, some at a time */
async function choose(
  engine: Engine,
  id: string,
  order: BulkOrder,
  pages: AsyncIterable<readonly string[]> | Iterable<readonly string[]>,
): Promise<void> {
  const { pool } = engine;
  await withStore(() => noteBulkAction(pool, id, sealFor(engine, place(id), order, keptMs)));
  const known = await withStore(() => bulkActionRow(pool, id));
  if (known === null || known.total !== null) return;
  for await (const ids of pages) await withStore(() => chooseForBulk(pool, id, ids));
  await withStore(() => endChoosing(pool, id));
}

/** Has a worker begin, or go on. */
async function start({ queues, installation }: Engine, id: string): Promise<void> {
  await withStore(() => installation.require());
  await withQueue(async () => {
    const queue = queues.fixed("bulk");
    const before = await queue.getJob(id);
    // One that ended keeps its id from being used again.
    if (before?.finishedOn !== undefined) await before.remove();
    const week = { age: keptMs / 1000, count: 1000 };
    await queue.add(bulkJobName, {}, { jobId: id, removeOnComplete: week, removeOnFail: week });
  });
}

/** null: there is none, it is too old, or its row was altered. */
async function find(engine: Engine, id: string): Promise<BulkAction | null> {
  const row = await withStore(() => bulkActionRow(engine.pool, id));
  const order = row === null ? null : openFor<BulkOrder>(engine, place(id), row.sealed);
  if (row === null || order === null) return null;
  const counts = await withStore(() => countBulkItems(engine.pool, id));
  const { total, created_at: createdAt, finished_at: finishedAt } = row;
  return { id, order, total, ...counts, state: await stateOf(engine, row), createdAt, finishedAt };
}

async function stateOf({ queues }: Engine, { id, finished_at }: BulkActionRow): Promise<BulkAction["state"]> {
  if (finished_at !== null) return "finished";
  try {
    const job = await queues.fixed("bulk").getJob(id);
    return job === undefined || job === null || job.finishedOn !== undefined ? "open" : "running";
  } catch {
    return "unknown";
  }
}

/** For a worker. @throws what keeps it from going on; then what is left stays open */
async function run(engine: Engine, id: string, signal: AbortSignal): Promise<BulkCounts> {
  const { pool } = engine;
  const action = await find(engine, id);
  if (action === null || action.total === null) throw new TypeError("it is not chosen, or not one of ours");
  const { order, createdAt: since } = action;
  for (let after = firstId; ; ) {
    signal.throwIfAborted();
    const ids = await withStore(() => openBulkItems(pool, id, after, pageSize));
    if (ids.length === 0) break;
    for await (const items of bulkDeeds[order.deed](engine, ids, { tag: order.tag, since, signal })) {
      await withStore(() => endBulkItems(pool, id, items));
      await audit(engine, action, items);
    }
    after = ids.at(-1) as string;
  }
  await withStore(() => finishBulkAction(pool, id));
  return withStore(() => countBulkItems(pool, id));
}

/** For the scheduler: what is older than a week goes. */
function prune({ pool, clock }: Engine): Promise<void> {
  return withStore(() => pruneBulkActions(pool, new Date(clock.now().getTime() - keptMs)));
}

const audited: Readonly<Record<BulkDeed, string>> = {
  schedule: "connection.scheduled",
  refresh: "connection.scheduled",
  tag: "connection.tagged",
  untag: "connection.tagged",
  disconnect: "connection.disconnected",
};

/** Each connection's history says who it was, as after an action on it alone. */
async function audit(engine: Engine, { id, order }: BulkAction, items: readonly BulkItem[]): Promise<void> {
  const { deed, tag, actor, address = null } = order;
  const action = audited[deed];
  const detail = { bulk: id, ...(tag === null ? {} : { [deed]: tag }) };
  const entries = items.filter(({ outcome }) => outcome === "done");
  await Promise.all(
    entries.map(({ id: connectionId }) => engine.audit.record({ actor, address, action, connectionId, detail })),
  );
}
