import { oldestDelayed } from "@evertoken/adapters";
import type { Engine } from "@evertoken/engine/internal";
import { servicesReady } from "@evertoken/operations";

const checkMs = 15_000;

/** A due job that nobody takes for this long means that something is wedged: a worker, a connection, a clock. */
const wedgedMs = 60_000;

/** Watches the oldest overdue job of each queue: it catches every kind of wedged worker. */
export class ProgressWatch {
  readonly #engine: Engine;
  #timer: NodeJS.Timeout | null = null;
  #overdue: string[] = [];

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  start(): void {
    this.#timer = setInterval(() => void this.#check(), checkMs);
  }

  stop(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
  }

  /** For `/readyz`: each service and the progress on due jobs, in words. */
  async ready(): Promise<Record<string, string>> {
    const progress = this.#overdue.length === 0 ? "ok" : `overdue jobs in ${this.#overdue.join(", ")}`;
    return { ...(await servicesReady(this.#engine)), progress };
  }

  async #check(): Promise<void> {
    const { queues, logger } = this.#engine;
    try {
      const overdue: string[] = [];
      for (const queue of queues.all()) {
        if (queue.name.startsWith("sync-")) continue; // an app's own worker takes these
        const oldest = await oldestDelayed(queues.redis, queue);
        const late = oldest !== null && oldest.getTime() < Date.now() - wedgedMs;
        if (late && !(await queue.isPaused()) && (await queue.getRateLimitTtl()) <= 0) overdue.push(queue.name);
      }
      this.#overdue = overdue;
      if (overdue.length > 0) logger.error({ queues: overdue }, "due jobs are not taken: no progress for a minute");
    } catch {
      this.#overdue = []; // Redis is away: `redis` says so
    }
  }
}
