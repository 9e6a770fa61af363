import type { Queues } from "@evertoken/adapters";
import {
  countConnectionsByStatus,
  countInStore,
  oldestDelayed,
  refusalsAfter,
  type StatusCount,
  taskAges,
} from "@evertoken/adapters";
import type { Pool } from "pg";
import type { Metrics } from "./metrics.ts";

/** Gauges of one source, set together; `forget` when it does not answer: better no number than an old one. */
export interface GaugeSource {
  show(): Promise<void>;
  forget(): void;
}

/** What Postgres knows. */
export function storeGauges(metrics: Metrics, pool: Pool, expiringWithinMs: number): GaugeSource {
  const { connections, expiring, circuits, undelivered, taskAge } = metrics;
  const forget = () => {
    for (const gauge of [connections, expiring, circuits, undelivered, taskAge]) gauge.reset();
  };
  const countStatuses = seldom(() => countConnectionsByStatus(pool));
  return {
    forget,
    async show() {
      const statuses = await countStatuses();
      const read = await countInStore(pool, new Date(Date.now() + expiringWithinMs));
      const ages = await taskAges(pool);
      forget();
      for (const { provider, status, count } of statuses) {
        connections.set({ provider, status }, count);
        // A provider whose tokens are all fresh is shown with none, not left out.
        expiring.set({ provider }, 0);
      }
      for (const { provider, count } of read.expiring) expiring.set({ provider }, count);
      for (const { provider, registration, open } of read.circuits) {
        circuits.set({ provider, registration }, open ? 1 : 0);
      }
      for (const [task, ageMs] of ages) taskAge.set({ task }, ageMs / 1000);
      for (const { kind, count } of read.undelivered) undelivered.set({ kind }, count);
    },
  };
}

/** What reads all connections takes at most a hundredth of the time: the more there are, the longer the last counts stand. */
function seldom(count: () => Promise<readonly StatusCount[]>): typeof count {
  let [last, nextAt] = [[] as readonly StatusCount[], 0];
  return async () => {
    const started = performance.now();
    if (started < nextAt) return last;
    last = await count();
    const took = performance.now() - started;
    nextAt = performance.now() + 100 * took;
    return last;
  };
}

/** What API and dashboard refused since this process began: read from where they write it down, so that no port of theirs has to tell. */
export function refusalCounts({ refusals }: Metrics, pool: Pool): GaugeSource {
  let place: string | null = null;
  return {
    // What was counted stays true.
    forget: () => {},
    async show() {
      const { refused, last } = await refusalsAfter(pool, place);
      for (const { action, code, count } of refused) refusals.inc({ action, code }, count);
      place = last;
    },
  };
}

const states = ["waiting", "prioritized", "active", "delayed", "failed"] as const;

/** What Redis knows: a few constant-time commands for each queue, whatever its length. */
export function queueGauges({ jobs, overdue }: Metrics, queues: Queues): GaugeSource {
  const forget = () => {
    for (const gauge of [jobs, overdue]) gauge.reset();
  };
  return {
    forget,
    async show() {
      const read = await Promise.all(
        queues.all().map(async (queue) => ({
          name: queue.name,
          counts: await queue.getJobCounts(...states),
          oldest: await oldestDelayed(queues.redis, queue),
        })),
      );
      forget();
      for (const { name, counts, oldest } of read) {
        for (const state of states) jobs.set({ queue: name, state }, counts[state] ?? 0);
        overdue.set({ queue: name }, Math.max(0, Date.now() - (oldest?.getTime() ?? Date.now())) / 1000);
      }
    },
  };
}
