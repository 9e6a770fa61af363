import { DelayedError, Job, type Queue, UnrecoverableError, Worker } from "bullmq";
import { describeError, type Logger } from "../logger.ts";
import { onceAMinute } from "../once-a-minute.ts";
import type { Config } from "../settings/config.ts";
import { type Queues, queuePrefix } from "./queues.ts";

export interface SyncJobData {
  readonly connectionId: string;
}

export type SyncJob = Job<SyncJobData>;

/** How a sync job goes on. */
export type SyncStep =
  | { readonly kind: "done"; readonly result: Readonly<Record<string, unknown>> }
  | { readonly kind: "retry"; readonly message: string }
  /** Another one of the same connection runs. */
  | { readonly kind: "wait" }
  | { readonly kind: "failed"; readonly message: string };

/** The first run and four retries: 10 s, 20 s, 40 s, 80 s later. */
const attempts = 5;

export const isLastAttempt = (job: SyncJob): boolean => job.attemptsMade + 1 >= (job.opts.attempts ?? 1);

const jobOf = (connectionId: string) => `sync-${connectionId}`;

/**
 * Adds the job of a connection; several requests are one job. A request that comes while the sync runs asks for another one, which
 * starts when this one has ended. A retry that waits is brought forward.
 */
export async function addSync(queue: Queue, connectionId: string, retryMs: number): Promise<void> {
  const id = jobOf(connectionId);
  const known = await Job.fromId(queue, id);
  const state = known === undefined ? "unknown" : await known.getState();
  if (state === "delayed") await known?.promote().catch(() => undefined);
  const { name, data, opts } = jobFor(state === "active" ? `${id}-next` : id, connectionId, retryMs);
  await queue.add(name, data, opts);
}

/** For reconcile: puts back what Redis lost, and changes nothing where the job is there. */
export async function restoreSyncJobs(queue: Queue, connectionIds: readonly string[], retryMs: number): Promise<void> {
  await queue.addBulk(connectionIds.map((connectionId) => jobFor(jobOf(connectionId), connectionId, retryMs)));
}

function jobFor(jobId: string, connectionId: string, retryMs: number) {
  const backoff = { type: "exponential", delay: retryMs, jitter: 0.2 };
  const kept = { removeOnComplete: true, removeOnFail: true, stackTraceLimit: 1 };
  return { name: "sync", data: { connectionId }, opts: { jobId, attempts, backoff, ...kept } };
}

const waitMs = 500;

/** Runs a sync job; while another one of its connection runs it waits, uncounted. */
export async function followSync(
  job: SyncJob,
  token: string | undefined,
  process: (job: SyncJob) => Promise<SyncStep>,
): Promise<Readonly<Record<string, unknown>>> {
  const step = await process(job);
  switch (step.kind) {
    case "done":
      return step.result;
    case "wait":
      await job.moveToDelayed(Date.now() + waitMs, token);
      throw new DelayedError();
    case "retry":
      throw new Error(step.message);
    case "failed":
      throw new UnrecoverableError(step.message);
    default:
      return step satisfies never;
  }
}

/** A worker of one provider's own sync queue, for an app that has a handler for it. */
export function startSyncWorker(
  { queues, config, logger }: { queues: Queues; config: Config; logger: Logger },
  provider: string,
  process: (job: SyncJob) => Promise<SyncStep>,
): { close(): Promise<void>; pause(doNotWait: boolean): Promise<void>; resume(): void } {
  const queue = queues.sync(provider);
  const worker = new Worker<SyncJobData>(queue.name, (job, token) => followSync(job, token, process), {
    connection: queues.redis,
    prefix: queuePrefix(config.redisPrefix, queue.name),
    concurrency: config.sync.concurrency,
    lockDuration: config.jobs.lockMs,
    stalledInterval: config.jobs.stalledCheckMs,
    maxStalledCount: 1_000_000,
  });
  worker.on(
    "error",
    onceAMinute((error) => logger.warn({ queue: queue.name, err: describeError(error) }, "queue trouble")),
  );
  return worker;
}
