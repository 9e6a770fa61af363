import { describeError } from "@evertoken/adapters";
import { drainSpool, type Engine } from "@evertoken/engine/internal";
import type { Metrics } from "./metrics.ts";

/** Looks into the spool again and again, by itself. */
export class SpoolDrain {
  readonly #engine: Engine;
  readonly #everyMs: number;
  #timer: NodeJS.Timeout | null = null;
  readonly #metrics: Metrics;
  #running: Promise<void> | null = null;

  constructor(engine: Engine, metrics: Metrics, everyMs = 1000) {
    this.#engine = engine;
    this.#metrics = metrics;
    this.#everyMs = everyMs;
  }

  start(): void {
    this.#timer = setInterval(() => {
      this.#running ??= this.#drain().finally(() => {
        this.#running = null;
      });
    }, this.#everyMs);
  }

  /** One last look: what can be committed is, what cannot stays kept. */
  async stop(): Promise<void> {
    if (this.#timer !== null) clearInterval(this.#timer);
    await this.#running;
    await this.#drain();
  }

  async #drain(): Promise<void> {
    try {
      await drainSpool(this.#engine);
      this.#metrics.setAside.set(this.#engine.spool.setAside().length);
    } catch (error) {
      this.#engine.logger.warn({ err: describeError(error) }, "the spool could not be drained");
    }
  }
}
