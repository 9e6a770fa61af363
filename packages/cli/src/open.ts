import { readFileSync } from "node:fs";
import { createLogger, impatient } from "@evertoken/adapters";
import type { Evertoken } from "@evertoken/client";
import { createObserver, type Engine, fromEngine, openEngine, readSettings } from "@evertoken/client/engine";
import type { Io } from "./io.ts";

export const readFile = (path: string): string => readFileSync(path, "utf8");

export interface Opened {
  readonly engine: Engine;
  readonly evertoken: Evertoken;
}

const closeMs = 2000;

/** Opens the engine for one task and closes it. Logs go to standard error, and only trouble unless LOG_LEVEL is set. */
export async function withEngine<T>(io: Io, task: (opened: Opened) => Promise<T>): Promise<T> {
  const { config, providers } = readSettings(io.env, readFile);
  const level = io.env.LOG_LEVEL === undefined ? "error" : config.logLevel;
  const logger = createLogger("cli", level, { write: (line) => void io.stderr.write(line) });
  const observe = createObserver(logger, config.encryptionKeys[0] ?? "");
  const engine = openEngine({
    ...{ config, providers, logger, observe },
    redis: impatient,
    inJob: false,
    proxyEnv: io.env,
  });
  try {
    return await task({ engine, evertoken: fromEngine(engine) });
  } finally {
    // A Redis that is away may not even answer to being left.
    await Promise.race([engine.close().catch(() => undefined), after(closeMs)]);
  }
}

const after = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms).unref());
