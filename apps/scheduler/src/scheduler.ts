import { describeError, type Metrics, queuePrefix, within } from "@evertoken/adapters";
import type { Engine } from "@evertoken/client/engine";
import { type Job, type Queue, UnrecoverableError, Worker } from "bullmq";
import { createTasks, runTask, type Task } from "./tasks.ts";

/** An emptied Redis has lost the schedules as well, and with them the task that would notice: how often to look. */
const lookMs = 5000;

/** How long a running task may go on when a scheduler stops; another one runs it again. */
const farewellMs = 10_000;

/**
 * Registers the maintenance tasks as BullMQ job schedulers and runs them. Any number of replicas may run: a scheduler's iteration is
 * one job, and the queue runs one at a time.
 */
export class Scheduler {
  readonly #engine: Engine;
  readonly #metrics: Metrics;
  readonly #tasks: ReadonlyMap<string, Task>;
  readonly #queue: Queue;
  #worker: Worker | null = null;
  #timer: NodeJS.Timeout | null = null;
  #looking = false;

  constructor(engine: Engine, metrics: Metrics) {
    this.#engine = engine;
    this.#metrics = metrics;
    this.#tasks = new Map(createTasks(engine).map((task) => [task.name, task]));
    this.#queue = engine.queues.fixed("maintenance");
  }

  async start(): Promise<void> {
    await this.#register();
    this.#timer = setInterval(() => void this.#look(), lookMs);
    this.#worker = this.#run();
    await this.#runNow();
  }

  async stop(): Promise<void> {
    if (this.#timer !== null) clearInterval(this.#timer);
    if (this.#worker !== null) await within(farewellMs, this.#worker.close());
  }

  async #register(): Promise<void> {
    const { timeZone } = this.#engine.config.schedules;
    await this.#queue.setGlobalConcurrency(this.#engine.config.concurrency.maintenance);
    for (const { name, cron } of this.#tasks.values()) {
      await this.#queue.upsertJobScheduler(name, { pattern: cron, tz: timeZone }, { name });
    }
  }

  /** What a start runs; by the jobs' ids once, however many schedulers ask for it. */
  async #runNow(): Promise<void> {
    for (const { name, onStart } of this.#tasks.values()) {
      if (!onStart) continue;
      await this.#queue.add(name, {}, { jobId: `start-${name}`, removeOnComplete: true, removeOnFail: true });
    }
  }

  /** Puts lost schedules back and rebuilds the jobs at once, not at the next minute. */
  async #look(): Promise<void> {
    if (this.#looking) return; // Redis is away, and an earlier look waits for it
    this.#looking = true;
    try {
      if ((await this.#queue.getJobSchedulersCount()) >= this.#tasks.size) return;
      this.#engine.logger.warn("the schedules are gone: Redis was emptied, its jobs are being rebuilt");
      await this.#register();
      await this.#runNow();
    } catch (error) {
      this.#engine.logger.warn({ err: describeError(error) }, "could not look after the schedules");
    } finally {
      this.#looking = false;
    }
  }

  #run(): Worker {
    const { config, logger, queues } = this.#engine;
    const worker = new Worker("maintenance", (job) => this.#process(job), {
      connection: queues.redis,
      prefix: queuePrefix(config.redisPrefix, "maintenance"),
      concurrency: config.concurrency.maintenance,
      // One task runs at a time: that of a dead scheduler stands in the way of all others until it is taken over.
      lockDuration: config.jobs.lockMs,
      stalledInterval: config.jobs.stalledCheckMs,
      maxStalledCount: 1_000_000,
      removeOnComplete: { count: 500 },
      removeOnFail: { count: 500 },
    });
    worker.on("error", (error) => logger.warn({ queue: "maintenance", err: describeError(error) }, "queue trouble"));
    worker.on("failed", (job, error) => logger.error({ task: job?.name, err: describeError(error) }, "task failed"));
    return worker;
  }

  async #process(job: Job): Promise<unknown> {
    const task = this.#tasks.get(job.name);
    if (task === undefined) throw new UnrecoverableError(`there is no task ${job.name}`);
    return runTask(task, this.#engine, this.#metrics);
  }
}
