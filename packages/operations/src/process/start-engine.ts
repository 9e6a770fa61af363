import { readFileSync } from "node:fs";
import { type Config, createLogger, type Env, impatient, patient } from "@evertoken/adapters";
import {
  type Engine,
  loadSettings,
  openEngine,
  prepareEngine,
  refuseOtherKind,
  refuseUnusableDatabase,
  type Settled,
} from "@evertoken/engine/internal";
import type { Life } from "./run-process.ts";

export interface StartOptions {
  readonly env: Env;
  /**
   * What the process lives from. `queue`: it waits for Postgres and Redis before it works. `requests`: it starts while they are away, and
   * says so to whoever asks.
   */
  readonly livesFrom: "queue" | "requests";
  /** Whether it runs refreshes as jobs, which come back by themselves after a setback. */
  readonly inJob?: boolean;
  /** Told of each attempt once, when its end is certain. */
  readonly count?: (settled: Settled) => void;
  /** What is wrong with settings that this process alone reads; told together with all other faults. */
  readonly faultsOf?: (config: Config) => readonly string[];
}

export interface Started {
  readonly engine: Engine;
  readonly config: Config;
  readonly logger: ReturnType<typeof createLogger>;
}

/**
 * How each process begins: settings, logger, engine, and that both fit the database and Redis that it meets. The engine is closed last: it
 * waits for refreshes whose callers are gone.
 *
 * @throws {ConfigError} that names every wrong setting, and what must not be started with
 */
export async function startEngine(life: Life, options: StartOptions): Promise<Started> {
  const { env, livesFrom, inJob = false, count, faultsOf } = options;
  const { config, providers, unreachable } = await loadSettings(env, (path) => readFileSync(path, "utf8"), faultsOf);
  life.shutdownMs = config.shutdownMs;
  const logger = createLogger(life.name, config.logLevel);
  if (unreachable.length > 0) logger.error({ unreachable }, "issuers gave no endpoints: their providers wait");
  const redis = livesFrom === "queue" ? patient : impatient;
  const known = { config, providers, logger, redis, inJob, proxyEnv: env, name: life.name };
  const engine = openEngine({ ...known, ...(count && { count }) });
  life.atStop(() => engine.close());
  if (livesFrom === "queue") await prepareEngine(engine);
  else {
    await refuseUnusableDatabase(engine);
    await refuseOtherKind(engine);
    // Before its first request: whoever brings in a new key has to know of it. While Postgres is away it is said again.
    void engine.presence?.begin().catch(() => {});
  }
  return { engine, config, logger };
}
