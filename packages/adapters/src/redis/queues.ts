import { jobId, priority, type RefreshJobData, refreshQueueName } from "@evertoken/core";
import { type BulkJobOptions, ErrorCode, Job, type JobsOptions, Queue } from "bullmq";
import type { RedisClient } from "./redis.ts";

/** A connection that needs a refresh job. */
export interface Due {
  readonly id: string;
  readonly provider: string;
  readonly generation: number;
  readonly dueAt: Date;
}

export interface Queues {
  readonly redis: RedisClient;
  /** Refresh queues used so far, and the fixed ones. */
  all(): Queue[];
  refreshQueue(provider: string): Queue<RefreshJobData>;
  fixed(name: FixedQueue): Queue;
  /** Syncs that an app's own worker runs; null: those that ours run. */
  sync(provider: string | null): Queue;
  /** Adds the job; one that exists stays as it is. */
  add(due: Due): Promise<void>;
  addBulk(provider: string, due: readonly Due[]): Promise<void>;
  /** Adds the job, or moves it to its due time. */
  place(due: Due): Promise<void>;
  /** Runs the connection's own job now, ahead of routine work; adds it if it is missing. */
  bringForward(due: Omit<Due, "dueAt">, data: RefreshJobData): Promise<void>;
  /** Fetches the child tokens of a connection's new token set. */
  derive(connectionId: string, generation: number): Promise<void>;
  remove(provider: string, connectionId: string, generation: number): Promise<void>;
  close(): Promise<void>;
}

export type FixedQueue = "sync" | "notifications" | "maintenance" | "bulk";
export const fixedQueues: readonly FixedQueue[] = ["sync", "notifications", "maintenance", "bulk"];

/** The sync queue of a provider for which an app has a handler. */
export const syncQueue = (provider: string): string => `sync-${provider}`;

/** Each queue in a hash slot of its own, so that the same keys work on Redis Cluster. Short, since it stands in the key of every job. */
export const queuePrefix = (prefix: string, queue: string) => `{${prefix}:${queue.replace("refresh-", "")}}`;

const jobName = "refresh";

/** `attempts` never runs out: when to give up is decided from Postgres. Retention stands on the worker, where it costs no memory per job. */
function jobOptions(connectionId: string, generation: number, delay: number): JobsOptions {
  return {
    jobId: jobId(connectionId, generation),
    delay: Math.max(0, delay),
    priority: priority.routine,
    attempts: 1_000_000,
    backoff: { type: "custom" },
    stackTraceLimit: 1,
  };
}

/**
 * @param redis shared by all queues, closed by the caller
 * @param mayWrite whether jobs may be touched: they may be those of another installation. What is left undone is made good by reconcile
 */
export function createQueues(redis: RedisClient, prefix: string, mayWrite = async () => true): Queues {
  const queues = new Map<string, Queue>();
  const open = (name: string): Queue => {
    let queue = queues.get(name);
    if (queue === undefined) {
      queue = new Queue(name, {
        connection: redis,
        prefix: queuePrefix(prefix, name),
        skipVersionCheck: true,
        skipWaitingForReady: true,
        streams: { events: { maxLen: 1000 } },
      });
      queue.on("error", () => {}); // the shared connection reports its own trouble
      queues.set(name, queue);
    }
    return queue;
  };
  const refreshQueue = (provider: string) => open(refreshQueueName(provider)) as Queue<RefreshJobData>;
  const add = async (due: Due, delay = due.dueAt.getTime() - Date.now()) => {
    await refreshQueue(due.provider).add(jobName, {}, jobOptions(due.id, due.generation, delay));
  };
  const existing = (due: Omit<Due, "dueAt">) =>
    Job.fromId<RefreshJobData>(refreshQueue(due.provider), jobId(due.id, due.generation));
  const bringForward = async (due: Omit<Due, "dueAt">, data: RefreshJobData) => {
    const job = await revive(await existing(due));
    if (job === undefined) {
      const options = { ...jobOptions(due.id, due.generation, 0), priority: priority.urgent };
      await refreshQueue(due.provider).add(jobName, data, options);
      return;
    }
    // The data first: the job may start at the very moment it is promoted.
    await job.updateData(data);
    await job.promote().catch(notDelayed);
    await job.changePriority({ priority: priority.urgent }).catch(notDelayed);
  };

  return {
    redis,
    all: () => [...queues.values()],
    refreshQueue,
    fixed: open,
    sync: (provider) => open(provider === null ? "sync" : syncQueue(provider)),
    async add(due) {
      if (await mayWrite()) await add(due);
    },
    async addBulk(provider, due) {
      if (!(await mayWrite())) return;
      const now = Date.now();
      const jobs = due.map(({ id, generation, dueAt }) => ({
        name: jobName,
        data: {},
        opts: jobOptions(id, generation, dueAt.getTime() - now) as BulkJobOptions,
      }));
      await refreshQueue(provider).addBulk(jobs);
    },
    async place(due) {
      if (!(await mayWrite())) return;
      const job = await revive(await existing(due));
      if (job === undefined) return add(due);
      await job.changeDelay(Math.max(0, due.dueAt.getTime() - Date.now())).catch(notDelayed);
    },
    async bringForward(due, data) {
      if (!(await mayWrite())) return;
      await bringForward(due, data);
      // A forced job may pass a limit of the whole provider: lifted last, when it stands before the others. The next one that was not forced
      // is refused by its claim, and sets the limit again.
      if (data.force === true) await refreshQueue(due.provider).removeRateLimitKey();
    },
    async derive(connectionId, generation) {
      if (!(await mayWrite())) return;
      const backoff = { type: "exponential", delay: 5000 };
      const options = { jobId: `derive-${jobId(connectionId, generation)}`, attempts: 10, backoff, stackTraceLimit: 1 };
      await open("sync").add("derive", { connectionId }, { ...options, removeOnComplete: true, removeOnFail: true });
    },
    async remove(provider, connectionId, generation) {
      if (await mayWrite()) await refreshQueue(provider).remove(jobId(connectionId, generation));
    },
    async close() {
      await Promise.all([...queues.values()].map((queue) => queue.close()));
    },
  };
}

/** A finished job blocks its id; a connection that needs the job again needs it gone. */
async function revive<T>(job: Job<T> | undefined): Promise<Job<T> | undefined> {
  if (job?.finishedOn === undefined) return job;
  await job.remove();
  return undefined;
}

/** Waiting or active already: it runs now, which is what was wanted. */
function notDelayed(error: Error & { code?: number }): void {
  if (error.code !== ErrorCode.JobNotInState && error.code !== ErrorCode.JobNotExist) throw error;
}
