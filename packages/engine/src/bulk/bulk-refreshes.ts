import { randomUUID } from "node:crypto";
import type { Queues } from "@evertoken/adapters";
import type { BulkReport } from "@evertoken/client";
import type { Engine } from "../engine.ts";
import { withQueue, withStore } from "../evertoken-error.ts";
import { refreshAllExpiring } from "./bulk-refresh.ts";

type BulkProgress = Omit<BulkReport, "connectionIds">;

/** More would make a large job of a bad day. */
export const failedIdsKept = 100;

interface BulkData {
  readonly withinMs: number | null;
  readonly provider?: string;
  readonly needsReauth?: boolean;
}

interface BulkRefresh {
  readonly id: string;
  readonly state: "waiting" | "running" | "completed" | "failed";
  readonly progress: BulkProgress;
  readonly createdAt: Date;
  readonly finishedAt: Date | null;
}

/** BullMQ's, without naming it: queues are the adapters' business. */
type BulkJob = Pick<
  NonNullable<Awaited<ReturnType<ReturnType<Queues["fixed"]>["getJob"]>>>,
  "data" | "progress" | "timestamp" | "updateProgress"
>;

const none: BulkProgress = { total: 0, refreshed: 0, failed: 0, skipped: 0, pending: 0, failedIds: [] };
const week = 7 * 86_400;
const name = "refresh-expiring";

/** Bulk refreshes as jobs of their own queue, so that whoever asked need not wait. */
export const bulkRefreshes = { start, find, run };

async function start({ queues, installation }: Engine, data: BulkData): Promise<BulkRefresh> {
  await withStore(() => installation.require());
  const id = randomUUID();
  const retention = { removeOnComplete: { age: week, count: 1000 }, removeOnFail: { age: week, count: 1000 } };
  await withQueue(() => queues.fixed("bulk").add(name, data, { jobId: id, ...retention }));
  return { id, state: "waiting", progress: none, createdAt: new Date(), finishedAt: null };
}

async function find({ queues }: Engine, id: string): Promise<BulkRefresh | null> {
  const job = await withQueue(() => queues.fixed("bulk").getJob(id));
  if (job === undefined || job === null || job.name !== name) return null;
  const { finishedOn, timestamp, failedReason, progress, processedOn } = job;
  const done = finishedOn === undefined ? (processedOn === undefined ? "waiting" : "running") : "completed";
  return {
    id,
    state: failedReason ? "failed" : done,
    progress: readProgress(progress),
    createdAt: new Date(timestamp),
    finishedAt: finishedOn === undefined ? null : new Date(finishedOn),
  };
}

/** Runs one. A run that was cut short goes on: what it has refreshed by then is not found again. */
async function run(engine: Engine, job: BulkJob, signal: AbortSignal): Promise<BulkProgress> {
  const filter = job.data as BulkData;
  const before = readProgress(job.progress);
  const report = await refreshAllExpiring(engine, {
    ...{ ...filter, signal, notSince: new Date(job.timestamp) },
    onProgress: (progress) => void job.updateProgress(together(before, progress)).catch(() => {}),
  });
  const done = together(before, report);
  await job.updateProgress(done);
  return done;
}

/** Of those that an earlier run found, who is not found again is refreshed; who failed is tried again and counted anew. */
function together(before: BulkProgress, { connectionIds: _, failedIds, ...now }: BulkReport): BulkProgress {
  const total = Math.max(before.total, now.total);
  const refreshed = total - now.total + now.refreshed;
  return { ...now, total, refreshed, failedIds: failedIds.slice(0, failedIdsKept) };
}

function readProgress(progress: unknown): BulkProgress {
  return typeof progress === "object" && progress !== null ? { ...none, ...progress } : none;
}
