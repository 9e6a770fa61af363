import { describeError } from "@evertoken/adapters";
import { type Engine, openQueues } from "@evertoken/engine/internal";
import { type Measuring, type Metrics, measuringQueues, measuringStore } from "@evertoken/operations";

const measureMs = 60_000;

/**
 * Measures what no process can count by itself. Each scheduler does so on its own, so that what one of them shows is never older than a
 * minute, whichever of them runs the tasks.
 */
export class Gauges {
  readonly #engine: Engine;
  readonly #sources: readonly { readonly name: string; readonly measuring: Measuring }[];
  readonly #busy = new Set<string>();
  #timer: NodeJS.Timeout | null = null;

  constructor(engine: Engine, metrics: Metrics) {
    this.#engine = engine;
    const queues = measuringQueues(metrics, engine.queues);
    const show = async () => {
      // With Postgres away those that are known have to do.
      await openQueues(engine).catch(() => {});
      await queues.show();
    };
    this.#sources = [
      { name: "postgres", measuring: measuringStore(metrics, engine.pool, engine.config.sweepWindowMs) },
      { name: "redis", measuring: { ...queues, show } },
    ];
  }

  start(): void {
    this.#timer = setInterval(() => this.#measure(), measureMs);
    this.#measure();
  }

  stop(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
  }

  #measure(): void {
    for (const { name, measuring } of this.#sources) void this.#show(name, measuring);
  }

  async #show(name: string, measuring: Measuring): Promise<void> {
    // A patient connection still waits for a Redis that is away.
    if (this.#busy.has(name)) return measuring.forget();
    this.#busy.add(name);
    try {
      await measuring.show();
    } catch (error) {
      measuring.forget();
      this.#engine.logger.warn({ err: describeError(error) }, `${name} could not be measured`);
    } finally {
      this.#busy.delete(name);
    }
  }
}
