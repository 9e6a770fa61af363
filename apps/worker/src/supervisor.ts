import { type Config, createLogger, type Logger } from "@evertoken/adapters";
import { type Life, type MetricsJson, startHealthServer, sumMetrics } from "@evertoken/operations";
import { shareOf } from "./part.ts";
import { PartProcess } from "./part-process.ts";

type Checks = Readonly<Record<string, string>>;

/**
 * A worker of several processes, since one thread of Node is one core: starts them, keeps them alive, stops them in order, and shows health
 * and metrics of all at one port. Each has its share of the worker's concurrency and of its connections to Postgres.
 */
export class Supervisor {
  readonly #life: Life;
  readonly #config: Config;
  readonly #logger: Logger;
  readonly #parts: readonly PartProcess[];
  /** What each process had counted when it was asked last. */
  readonly #counted = new Map<number, MetricsJson>();
  /** What those had counted that have ended: a counter that sinks would be read as one that began again, and rose by all of it. */
  #ended: Promise<MetricsJson> = Promise.resolve([]);

  /** @param main starts a part when it is given one as an argument */
  constructor(life: Life, config: Config, main: string) {
    this.#life = life;
    this.#config = config;
    this.#logger = createLogger(life.name, config.logLevel);
    const of = config.workerProcesses;
    this.#parts = Array.from({ length: of }, (_, index) => {
      const part = { index, of };
      const pool = Math.max(leastConnections, shareOf(config.databasePool, part));
      const env = { ...process.env, DATABASE_POOL: String(pool) };
      return new PartProcess({ main, part, env, logger: this.#logger, onEnd: () => this.#keepCount(index) });
    });
  }

  async start(): Promise<void> {
    const [first, ...others] = this.#parts as [PartProcess, ...PartProcess[]];
    // Each of them ends within its own.
    this.#life.shutdownMs = this.#config.shutdownMs + 1000;
    this.#life.atStop(() => Promise.all(this.#parts.map((part) => part.stop())));
    // What hinders one hinders all, and is told once.
    const hindered = (await first.start()) ?? (await firstOf(others.map((part) => part.start())));
    if (hindered !== null) {
      this.#life.stop("one of its processes could not start", hindered === wrongSettings ? wrongSettings : 1);
      return;
    }
    const health = await startHealthServer({
      host: this.#config.healthHost,
      port: this.#config.workerPort,
      alive: () => true,
      ready: () => this.#ready(),
      metrics: () => this.#metrics(),
    });
    this.#life.atStop(() => health.close());
    this.#logger.info({ port: health.port, processes: this.#parts.length }, "worker ready");
  }

  /** The worst that any of them says of each service; one that is being started again leaves the others able. */
  async #ready(): Promise<Checks> {
    const all = await Promise.all(this.#parts.map((part) => part.ask("checks") as Promise<Checks | null>));
    const told = all.filter((checks) => checks !== null);
    if (told.length === 0) return { processes: "none answers" };
    const processes = told.length === all.length ? "ok" : `ok, but ${told.length} of ${all.length} answer`;
    const names = new Set(told.flatMap((checks) => Object.keys(checks)));
    return {
      ...Object.fromEntries([...names].map((name) => [name, worst(told.map((each) => each[name] ?? "ok"))])),
      processes,
    };
  }

  async #metrics(): Promise<string> {
    await Promise.all(
      this.#parts.map(async (part, index) => {
        const counted = (await part.ask("metrics")) as MetricsJson | null;
        if (counted !== null) this.#counted.set(index, counted);
      }),
    );
    return sumMetrics([await this.#ended, ...this.#counted.values()]).metrics();
  }

  #keepCount(index: number): void {
    const counted = this.#counted.get(index)?.filter(({ type }) => String(type) !== "gauge");
    this.#counted.delete(index);
    if (counted === undefined) return;
    this.#ended = this.#ended.then((ended) => sumMetrics([ended, counted]).getMetricsAsJSON());
  }
}

/** One for shared statements, one for all else, one to spare. */
const leastConnections = 3;
/** Exit code. */
const wrongSettings = 2;

const worst = (words: readonly string[]): string =>
  words.find((word) => !word.startsWith("ok")) ?? words.find((word) => word !== "ok") ?? "ok";

async function firstOf<T>(all: readonly Promise<T | null>[]): Promise<T | null> {
  return (await Promise.all(all)).find((each) => each !== null) ?? null;
}
