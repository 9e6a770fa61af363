import type { Engine } from "@evertoken/engine/internal";
import { type LateRefreshes, lateRefreshes, pausedQueues, servicesReady } from "@evertoken/operations";

const checkMs = 15_000;

/** Watches for refreshes that are late without a reason: it catches every kind of wedged worker. */
export class ProgressWatch {
  readonly #engine: Engine;
  #timer: NodeJS.Timeout | null = null;
  #late: readonly string[] = [];
  #paused: readonly string[] = [];

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  start(): void {
    this.#timer = setInterval(() => void this.#check(), checkMs);
  }

  stop(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
  }

  /** For `/readyz`: each service and the progress on due refreshes, in words. A queue that somebody has paused is named, and no fault of ours. */
  async ready(): Promise<Record<string, string>> {
    const paused = this.#paused.length === 0 ? "ok" : `ok, paused are ${this.#paused.join(", ")}`;
    const progress = this.#late.length === 0 ? paused : `refreshes are late of ${this.#late.join(", ")}`;
    return { ...(await servicesReady(this.#engine)), progress };
  }

  async #check(): Promise<void> {
    const { logger } = this.#engine;
    try {
      const late = (await lateRefreshes(this.#engine, new Date())).filter(({ paused }) => !paused);
      this.#late = late.map(({ provider }) => provider);
      this.#paused = (await pausedQueues(this.#engine)) ?? [];
      if (late.length > 0) logger.error({ late: late.map(inLog) }, "refreshes are late, and nothing told them to wait");
    } catch {
      this.#late = []; // Postgres is away: `postgres` says so
    }
  }
}

const inLog = ({ provider, count, overdueSeconds }: LateRefreshes) => ({ provider, count, overdueSeconds });
