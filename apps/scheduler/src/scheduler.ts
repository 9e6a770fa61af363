import { describeError, formatDuration, onceAMinute, queuePrefix, taskAges, within } from "@evertoken/adapters";
import type { Engine } from "@evertoken/engine/internal";
import {
  isOverdue,
  lostSchedules,
  type Metrics,
  registerSchedules,
  restoreSchedules,
  type TaskName,
} from "@evertoken/operations";
import { type Job, type Queue, UnrecoverableError, Worker } from "bullmq";
import { createTasks, runTask, type Task } from "./tasks.ts";

/** A task whose next iteration is lost never runs again by itself, nor does one that would notice: how often to look. */
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
  readonly #tasks: ReadonlyMap<TaskName, Task>;
  readonly #startedAt = Date.now();
  #suspects: ReadonlySet<TaskName> = new Set();
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
    this.#engine.installation.onChange(() => void this.#follow().catch(() => {})); // what failed is made good by the next look
    await this.#follow();
    this.#timer = setInterval(() => void this.#look(), lookMs);
  }

  /** While the installation is held nothing in Redis is touched: it may be that of another one. */
  async #follow(): Promise<void> {
    if (this.#engine.installation.held !== null) return this.#worker?.pause(true);
    await this.#register();
    this.#worker ??= this.#run();
    this.#worker.resume();
    await this.#runNow();
  }

  async stop(): Promise<void> {
    if (this.#timer !== null) clearInterval(this.#timer);
    if (this.#worker !== null) await within(farewellMs, this.#worker.close());
  }

  /** For `/readyz`: whether reconcile runs when it should, here or in any other scheduler. */
  async ready(): Promise<Record<string, string>> {
    const { pool, config } = this.#engine;
    const ages = await taskAges(pool);
    const now = this.#engine.clock.now();
    const age = ages.get("reconcile") ?? now.getTime() - this.#startedAt;
    const overdue = isOverdue("reconcile", config.schedules, new Date(now.getTime() - age), now);
    return { reconcile: overdue ? `has not run for ${formatDuration(age)}` : "ok" };
  }

  async #register(): Promise<void> {
    const { concurrency, schedules } = this.#engine.config;
    await this.#queue.setGlobalConcurrency(concurrency.maintenance);
    await restoreSchedules(this.#queue, schedules, await lostSchedules(this.#queue, schedules, new Date()));
    await registerSchedules(this.#queue, schedules, [...this.#tasks.keys()]);
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
    if (this.#engine.installation.held !== null) return;
    if (this.#looking) return; // Redis is away, and an earlier look waits for it
    this.#looking = true;
    const { config, logger } = this.#engine;
    try {
      const found = await lostSchedules(this.#queue, config.schedules, new Date());
      const lost = found.length === this.#tasks.size ? found : found.filter((name) => this.#suspects.has(name));
      this.#suspects = new Set(found);
      if (lost.length > 0) {
        logger.warn({ tasks: lost }, "schedules are gone: they are put back, and the jobs are rebuilt");
        await this.#queue.setGlobalConcurrency(config.concurrency.maintenance);
        await restoreSchedules(this.#queue, config.schedules, lost);
        await this.#runNow();
      }
      const { reconcile } = await this.ready();
      if (reconcile !== "ok") logger.error({ reconcile }, "reconcile does not run: lost jobs are not put back");
    } catch (error) {
      logger.warn({ err: describeError(error) }, "could not look after the schedules");
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
    worker.on(
      "error",
      onceAMinute((error) => logger.warn({ queue: "maintenance", err: describeError(error) }, "queue trouble")),
    );
    worker.on("failed", (job, error) => logger.error({ task: job?.name, err: describeError(error) }, "task failed"));
    return worker;
  }

  async #process(job: Job): Promise<unknown> {
    const task = this.#tasks.get(job.name as TaskName);
    if (task === undefined) throw new UnrecoverableError(`there is no task ${job.name}`);
    return runTask(task, this.#engine, this.#metrics);
  }
}
