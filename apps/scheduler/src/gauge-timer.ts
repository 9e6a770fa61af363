import { describeError } from "@evertoken/adapters";
import { type Engine, openQueues } from "@evertoken/engine/internal";
import { type GaugeSource, type Metrics, queueGauges, refusalCounts, storeGauges } from "@evertoken/operations";

const everyMs = 60_000;

/**
 * Reads what no process can count by itself. Each scheduler does so on its own, so that what one of them shows is never older than a
 * minute, whichever of them runs the tasks.
 */
export class GaugeTimer {
  readonly #engine: Engine;
  readonly #sources: readonly { readonly name: string; readonly gauges: GaugeSource }[];
  readonly #busy = new Set<string>();
  #timer: NodeJS.Timeout | null = null;

  constructor(engine: Engine, metrics: Metrics) {
    this.#engine = engine;
    const queues = queueGauges(metrics, engine.queues);
    const show = async () => {
      // With Postgres away those that are known have to do.
      await openQueues(engine).catch(() => {});
      await queues.show();
    };
    this.#sources = [
      { name: "postgres", gauges: storeGauges(metrics, engine.pool, engine.config.sweepWindowMs) },
      { name: "the audit log", gauges: refusalCounts(metrics, engine.pool) },
      { name: "redis", gauges: { ...queues, show } },
    ];
  }

  start(): void {
    this.#timer = setInterval(() => this.#readAll(), everyMs);
    this.#readAll();
  }

  stop(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
  }

  #readAll(): void {
    for (const { name, gauges } of this.#sources) void this.#show(name, gauges);
  }

  async #show(name: string, gauges: GaugeSource): Promise<void> {
    // A patient connection still waits for a Redis that is away.
    if (this.#busy.has(name)) return gauges.forget();
    this.#busy.add(name);
    try {
      await gauges.show();
    } catch (error) {
      gauges.forget();
      this.#engine.logger.warn({ err: describeError(error) }, `${name} could not be read for its metrics`);
    } finally {
      this.#busy.delete(name);
    }
  }
}
