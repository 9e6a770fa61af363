import { describeError, uncommitted } from "@evertoken/adapters";
import { type RefreshDeps, settleKept } from "@evertoken/core";
import type { Engine } from "./engine.ts";

/** So many records in a row that Postgres does not take: it is away, rather than these odd. */
const awayAfter = 3;

/**
 * Commits what was kept while Postgres was away, and what a process that was killed had noted and not committed. What Postgres still
 * does not take stays kept. @returns how many were committed
 */
export async function drainSpool(engine: Engine): Promise<number> {
  return engine.work.run(() => drain(engine));
}

async function drain(engine: Engine): Promise<number> {
  // The next token set does not wait until Redis has heard of this one.
  const deps: RefreshDeps = { ...engine.refresh, announce: async (record) => void engine.refresh.announce(record) };
  return (await drainKept(engine, deps)) + (await drainLeft(engine, deps));
}

async function drainKept(engine: Engine, deps: RefreshDeps): Promise<number> {
  let [drained, refused] = [0, 0];
  for (const record of await engine.spool.all()) {
    const { committed } = await settleKept(record, deps);
    if (committed !== "deferred") {
      drained++;
      refused = 0;
    } else if (++refused === awayAfter) return drained;
  }
  return drained;
}

async function drainLeft({ spool, pool, logger }: Engine, deps: RefreshDeps): Promise<number> {
  let drained = 0;
  for (const { records, remove } of await spool.left()) {
    for (const record of await uncommitted(pool, records)) {
      const { connectionId, generation } = record;
      logger.warn({ connection: connectionId, generation }, "committing what a killed process had in its hands");
      // Deferred, it is kept, and so as safe as committed.
      if ((await settleKept(record, deps)).committed === "committed") drained++;
    }
    await remove();
  }
  return drained;
}

/** Looks into the spool again and again, by itself. */
export class SpoolDrain {
  readonly #engine: Engine;
  readonly #everyMs: number;
  #timer: NodeJS.Timeout | null = null;
  #running: Promise<void> | null = null;

  constructor(engine: Engine, everyMs = 1000) {
    this.#engine = engine;
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
    } catch (error) {
      this.#engine.logger.warn({ err: describeError(error) }, "the spool could not be drained");
    }
  }
}
