import { ConfigError, describeError } from "@evertoken/adapters";

/** What a starting process tells of itself, so that it can be stopped at any moment, in the midst of its start too. */
export interface Life {
  readonly name: string;
  /** How long stopping may take before the process ends anyway. */
  shutdownMs: number;
  /**
   * Told before something begins that has to be ended in order; the last one is ended first.
   *
   * @throws when the process is stopping already: then nothing may begin any more
   */
  atStop(stop: () => unknown): void;
  /** Begins to stop, unless it does already. `code` is the exit code of a clean stop, 0 when not given. */
  stop(why: string, code?: number): void;
}

const usualShutdownMs = 45_000;

/**
 * Runs a process until SIGTERM or SIGINT, then stops it within its deadline; a second signal ends it at once. What has begun is stopped in
 * order also when the start fails half way, or an error comes where nobody expects one: there may be answers on the wire.
 *
 * Exit code 0 after a clean stop, 1 when it could not start, go on or stop, 2 for wrong settings.
 */
export async function runProcess(name: string, start: (life: Life) => Promise<void>): Promise<void> {
  const stops: (() => unknown)[] = [];
  let stopping = false;
  const end = async (why: string, code: number) => {
    stopping = true;
    const timer = setTimeout(() => {
      say(name, `${why}, but not stopped within ${life.shutdownMs} ms`);
      process.exit(1);
    }, life.shutdownMs);
    try {
      for (const stop of stops.toReversed()) await stop();
      clearTimeout(timer);
      process.exit(code);
    } catch (error) {
      say(name, `stopped with an error: ${reason(error)}`);
      process.exit(1);
    }
  };
  const life: Life = {
    name,
    shutdownMs: usualShutdownMs,
    atStop(stop) {
      if (stopping) throw new Error("the process is stopping");
      stops.push(stop);
    },
    stop(why, code = 0) {
      if (!stopping) void end(why, code);
    },
  };
  for (const signal of ["SIGTERM", "SIGINT"]) {
    process.on(signal, () => (stopping ? process.exit(1) : void end(signal, 0)));
  }
  process.on("uncaughtException", (error) => {
    say(name, `cannot go on: ${reason(error)}`);
    if (!stopping) void end("an unexpected error", 1);
  });
  try {
    await start(life);
  } catch (error) {
    // One that is being stopped trips over what is closed beneath it.
    if (stopping) return;
    say(name, `cannot start: ${reason(error)}`, " ");
    await end("it could not start", error instanceof ConfigError ? 2 : 1);
  }
}

function say(name: string, what: string, separator = ": "): void {
  process.stderr.write(`${name}${separator}${what}\n`);
}

function reason(error: unknown): string {
  if (error instanceof ConfigError) return error.message;
  const { message } = describeError(error);
  return String(message === "" ? "unknown reason" : message);
}
