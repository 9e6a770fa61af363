import { ConfigError } from "./config.ts";
import { describeError } from "./logger.ts";

/** A started process, ready to be stopped. */
export interface Running {
  /** How long `stop` may take before the process ends anyway. */
  readonly shutdownMs: number;
  stop(): Promise<void>;
}

/**
 * Runs a process until SIGTERM or SIGINT, then stops it within its deadline; a second signal ends it at once.
 * Exit code 0 after a clean stop, 1 when it could not start or stop, 2 for wrong settings.
 */
export async function runProcess(name: string, start: () => Promise<Running>): Promise<void> {
  let running: Running;
  try {
    running = await start();
  } catch (error) {
    process.stderr.write(`${name} cannot start: ${reason(error)}\n`);
    process.exit(error instanceof ConfigError ? 2 : 1);
  }
  let stopping = false;
  const stop = (signal: string) => {
    if (stopping) process.exit(1);
    stopping = true;
    void end(name, running, signal);
  };
  process.on("SIGTERM", () => stop("SIGTERM"));
  process.on("SIGINT", () => stop("SIGINT"));
}

async function end(name: string, running: Running, signal: string): Promise<void> {
  const timer = setTimeout(() => {
    process.stderr.write(`${name}: ${signal}, but not stopped within ${running.shutdownMs} ms\n`);
    process.exit(1);
  }, running.shutdownMs);
  try {
    await running.stop();
    process.exit(0);
  } catch (error) {
    process.stderr.write(`${name}: stopped with an error: ${reason(error)}\n`);
    process.exit(1);
  } finally {
    clearTimeout(timer);
  }
}

function reason(error: unknown): string {
  if (error instanceof ConfigError) return error.message;
  const { message } = describeError(error);
  return String(message === "" ? "unknown reason" : message);
}
