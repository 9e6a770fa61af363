import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import type { Logger } from "@evertoken/adapters";
import { keepRunning } from "@evertoken/operations";
import { type Part, toArgument } from "./part.ts";
import type { Answers, Asked, Told } from "./part-channel.ts";

export interface PartOptions {
  readonly main: string;
  readonly part: Part;
  readonly env: NodeJS.ProcessEnv;
  readonly logger: Logger;
  /** Told when the process has ended, whatever comes next. */
  readonly onEnd: () => void;
}

/** Less than a probe waits. */
const answerWithinMs = 2700;

/** One process of a worker, started again when it ends by itself. */
export class PartProcess {
  readonly #options: PartOptions;
  readonly #stopped = new AbortController();
  readonly #asked = new Map<number, (answer: unknown) => void>();
  #child: ChildProcess | null = null;
  #life: Promise<void> = Promise.resolve();
  #questions = 0;

  constructor(options: PartOptions) {
    this.#options = options;
  }

  /** Returns when it works. @returns null, or the exit code or signal with which it ended before */
  async start(): Promise<number | NodeJS.Signals | null> {
    const ended = this.#run();
    const before = await Promise.race([ended, this.#ready()]);
    if (before === null) this.#life = this.#keepAlive(ended);
    return before;
  }

  /** @returns null when it does not say in time, or does not run */
  async ask(what: keyof Answers): Promise<unknown> {
    const id = this.#questions++;
    const child = this.#child;
    if (child?.connected !== true) return null;
    const answer = new Promise((resolve) => this.#asked.set(id, resolve));
    const timer = setTimeout(() => this.#asked.get(id)?.(null), answerWithinMs);
    try {
      child.send({ id, ask: what } satisfies Asked, () => {});
      return await answer;
    } finally {
      clearTimeout(timer);
      this.#asked.delete(id);
    }
  }

  /** Returns when it has ended in order. */
  async stop(): Promise<void> {
    this.#stopped.abort();
    const child = this.#child;
    if (child !== null) {
      const ended = once(child, "exit");
      if (child.connected) child.disconnect();
      await ended;
    }
    await this.#life;
  }

  /** @returns how it ended */
  #run(): Promise<number | NodeJS.Signals> {
    const { main, part, env } = this.#options;
    // What ends this process by its standard input ends its parts too.
    const child = fork(main, [toArgument(part)], { env, stdio: ["inherit", "inherit", "inherit", "ipc"] });
    this.#child = child;
    child.on("message", (told: Told) => {
      if ("id" in told) this.#asked.get(told.id)?.(told.answer);
    });
    return new Promise((resolve) => {
      const ended = (how: number | NodeJS.Signals) => {
        this.#child = null;
        this.#options.onEnd();
        for (const answer of this.#asked.values()) answer(null);
        resolve(how);
      };
      child.once("error", () => child.pid === undefined && ended(1));
      child.once("exit", (code, signal) => ended(signal ?? code ?? 1));
    });
  }

  async #ready(): Promise<null> {
    const child = this.#child as ChildProcess;
    await new Promise<void>((resolve) => {
      child.on("message", (told: Told) => "ready" in told && resolve());
    });
    return null;
  }

  #keepAlive(first: Promise<number | NodeJS.Signals>): Promise<void> {
    const { logger, part } = this.#options;
    return keepRunning(first, {
      again: () => this.#run(),
      ended(how, inMs) {
        logger.error({ part, how, inMs }, "a process of this worker has ended, and is started again");
        return true;
      },
      stopped: this.#stopped.signal,
    });
  }
}
