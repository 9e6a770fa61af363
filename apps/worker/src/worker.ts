import { closeWorkers, describeError, onceAMinute, queuePrefix, queuesWithJobs } from "@evertoken/adapters";
import { refreshQueueName } from "@evertoken/core";
import { type Engine, providersAtWork } from "@evertoken/engine/internal";
import { type Metrics, SpoolDrain } from "@evertoken/operations";
import { type Processor, Worker, type WorkerOptions } from "bullmq";
import { createBulkProcessor } from "./bulk-processor.ts";
import { createNotificationsProcessor } from "./notifications-processor.ts";
import { type Part, shareOf, whole } from "./part.ts";
import { backoff } from "./refresh-failed.ts";
import { createRefreshProcessor } from "./refresh-processor.ts";
import { createSyncProcessor } from "./sync-processor.ts";

/** How often to look for providers that were added, or got their first connection. */
const lookForProvidersMs = 5000;

/** How often to look whether one of them has its first job. */
const lookForJobsMs = 1000;

/** How long Redis gets to hear of the last results when a worker stops. */
const farewellMs = 2000;

/**
 * Runs the queues: one worker per provider, so that a slow or paused provider never delays another. Each holds a connection to Redis that
 * blocks, so one is started where there are jobs: of hundreds of providers that may be connected, few are.
 */
export class QueueWorkers {
  readonly #engine: Engine;
  readonly #metrics: Metrics;
  readonly #part: Part;
  readonly #workers = new Map<string, Worker>();
  readonly #drain: SpoolDrain;
  readonly #stopping = new AbortController();
  #timers: NodeJS.Timeout[] = [];
  /** Whose queues have had no job yet. */
  #waiting: readonly string[] = [];
  #looking = false;

  constructor(engine: Engine, metrics: Metrics, part = whole) {
    this.#engine = engine;
    this.#metrics = metrics;
    this.#part = part;
    this.#drain = new SpoolDrain(engine, metrics);
  }

  get queueNames(): string[] {
    return [...this.#workers.keys()];
  }

  async start(): Promise<void> {
    this.#drain.start();
    this.#engine.installation.onChange(() => void this.#follow());
    await this.#follow();
    this.#timers = [
      setInterval(() => void this.#addProviders(), lookForProvidersMs),
      setInterval(() => void this.#runThoseWithJobs(), lookForJobsMs),
    ];
  }

  /** While the installation is held no job is touched: it may be that of another one. */
  async #follow(): Promise<void> {
    if (this.#stopping.signal.aborted) return;
    if (this.#engine.installation.held !== null) {
      await Promise.all([...this.#workers.values()].map((worker) => worker.pause(true)));
      return;
    }
    if (this.#workers.size === 0) this.#runFixed();
    for (const worker of this.#workers.values()) worker.resume();
    await this.#addProviders();
  }

  #runFixed(): void {
    this.#run("notifications", this.#engine.work.watch(createNotificationsProcessor(this.#engine, this.#metrics)), {
      concurrency: this.#engine.config.concurrency.notifications,
    });
    this.#run("sync", this.#engine.work.watch(createSyncProcessor(this.#engine)), {
      concurrency: this.#engine.config.sync.concurrency,
    });
    this.#run("bulk", this.#engine.work.watch(createBulkProcessor(this.#engine, this.#stopping.signal)), {
      concurrency: 2,
    });
  }

  /** Takes no new work; returns when running refreshes have committed, or kept, what they got. */
  async stop(): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer);
    this.#stopping.abort();
    await closeWorkers([...this.#workers.values()], this.#engine.work, farewellMs);
    await this.#drain.stop();
  }

  async #addProviders(): Promise<void> {
    if (this.#engine.installation.held !== null) return;
    try {
      this.#waiting = [...(await providersAtWork(this.#engine))].filter((provider) => !this.#isRun(provider));
    } catch (error) {
      this.#engine.logger.warn({ err: describeError(error) }, "could not look for new providers");
    }
    await this.#runThoseWithJobs();
  }

  readonly #isRun = (provider: string) => this.#workers.has(refreshQueueName(provider));

  async #runThoseWithJobs(): Promise<void> {
    const { queues, logger, installation } = this.#engine;
    if (this.#looking || installation.held !== null) return;
    this.#looking = true;
    try {
      const byQueue = new Map(this.#waiting.map((provider) => [queues.refreshQueue(provider), provider]));
      for (const queue of await queuesWithJobs(queues.redis, [...byQueue.keys()])) {
        const provider = byQueue.get(queue as never);
        if (this.#stopping.signal.aborted) return;
        if (provider !== undefined && !this.#isRun(provider)) this.#runProvider(provider);
      }
      this.#waiting = this.#waiting.filter((provider) => !this.#isRun(provider));
    } catch (error) {
      logger.warn({ err: describeError(error) }, "could not look for first jobs");
    } finally {
      this.#looking = false;
    }
  }

  #runProvider(provider: string): void {
    const configured = this.#engine.providers.get(provider);
    const limit = configured?.provider.rateLimit ?? null;
    this.#run(refreshQueueName(provider), createRefreshProcessor(this.#engine, provider), {
      concurrency: configured?.concurrency ?? this.#engine.config.concurrency.refresh,
      // A limiter must be there for a provider-wide 429 to pause the queue (BullMQ ignores rateLimit() without one).
      limiter: limit === null ? unlimited : { max: limit.max, duration: limit.perSeconds * 1000 },
      settings: { backoffStrategy: backoff },
    });
  }

  #run(name: string, processor: Processor, options: Partial<WorkerOptions> & { concurrency: number }): void {
    const { queues, config, logger } = this.#engine;
    const concurrency = shareOf(options.concurrency, this.#part);
    // Fewer places than processes: others have them.
    if (concurrency === 0) return;
    const worker = new Worker(name, processor, {
      connection: queues.redis,
      prefix: queuePrefix(config.redisPrefix, name),
      lockDuration: config.jobs.lockMs,
      stalledInterval: config.jobs.stalledCheckMs,
      // A stall is a crash of ours, never a reason to give a connection up; the lease says who may act.
      maxStalledCount: 1_000_000,
      removeOnComplete: { count: 1000 },
      removeOnFail: { count: 5000 },
      ...options,
      concurrency,
    });
    worker.on(
      "error",
      onceAMinute((error) => logger.warn({ queue: name, err: describeError(error) }, "queue trouble")),
    );
    worker.on("stalled", (jobId) =>
      logger.warn({ queue: name, job: jobId }, "a job was taken over from a dead worker"),
    );
    this.#workers.set(name, worker);
  }
}

const unlimited = { max: 1_000_000, duration: 1000 };
