import { readFileSync } from "node:fs";
import { createLogger, impatient, within } from "@evertoken/adapters";
import type { Evertoken } from "@evertoken/engine";
import { audited, type Engine, fromEngine, hostActor, openEngine, readSettings } from "@evertoken/engine/internal";
import { Interrupted } from "./failure.ts";
import { listenForInterrupts } from "./interrupts.ts";
import type { Io } from "./io.ts";
import { takingShortIds } from "./short-ids.ts";

export const readFile = (path: string): string => readFileSync(path, "utf8");

export interface Opened {
  readonly engine: Engine;
  /** Writes each change into the audit log, and takes the beginning of an id for the id. */
  readonly evertoken: Evertoken;
  /** Aborted by the first Ctrl-C. */
  readonly interrupted: AbortSignal;
}

interface Manner {
  /** It looks at `interrupted` and ends by itself, counted and said; the engine is closed behind it. */
  readonly endsItself?: boolean;
}

/**
 * Opens the engine for one task and closes it. Logs go to standard error, and only trouble unless LOG_LEVEL is set.
 *
 * Ctrl-C lets what runs end and takes nothing new; a second one ends it at once. @throws {Interrupted}
 */
export async function withEngine<T>(
  io: Io,
  task: (opened: Opened) => Promise<T>,
  { endsItself = false }: Manner = {},
): Promise<T> {
  const { config, providers } = readSettings(io.env, readFile);
  const level = io.env.LOG_LEVEL === undefined ? "error" : config.logLevel;
  const logger = createLogger("cli", level, { write: (line) => void io.stderr.write(line) });
  const engine = openEngine({ config, providers, logger, redis: impatient, inJob: false, proxyEnv: io.env });
  const interrupts = listenForInterrupts({
    onFirst: () => io.note("Stopping: what runs finishes first. Ctrl-C again ends it at once."),
    onSecond: () => process.exit(interrupts.exitCode()),
  });
  try {
    const evertoken = takingShortIds(audited(fromEngine(engine), engine.audit, hostActor("host")), engine);
    const running = task({ engine, evertoken, interrupted: interrupts.signal });
    running.catch(() => undefined); // cut short, it may fail when nobody listens any more
    const interrupted = interrupts.requested.then(async () => {
      if (endsItself) await within(config.shutdownMs, running);
      await engine.close();
    });
    interrupted.catch(() => undefined);
    const result = await Promise.race([running, interrupted.then(() => null)]);
    if (!interrupts.signal.aborted) return result as T;
  } catch (error) {
    if (!interrupts.signal.aborted) throw error;
  } finally {
    await engine.close();
    interrupts.stop();
  }
  throw new Interrupted(interrupts.exitCode());
}
