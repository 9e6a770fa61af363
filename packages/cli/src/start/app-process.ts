import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import type { WriteStream } from "node:fs";
import { relative } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import type { Env } from "@evertoken/adapters";
import { keepRunning } from "@evertoken/operations";
import { openLogFile, showLogLine } from "./app-log.ts";
import type { Narrator } from "./narrator.ts";
import { type AppName, processFile, whatItLoads } from "./places.ts";
import { StartError } from "./start-error.ts";

export interface AppSpec {
  readonly name: AppName;
  readonly env: Env;
  readonly cwd: string;
  readonly logDirectory: string;
  /** Answers 200 when the app can work. */
  readonly readyUrl: string;
  readonly narrator: Narrator;
  /** How long a stop may take. */
  readonly stopMs: number;
}

const readyMs = 60_000;
const pollMs = 100;
/** Wrong settings: starting again would not help. */
const settingsExitCodes = new Set([2, 78]);

/** One app as a child process, kept alive until it is stopped. */
export class AppProcess {
  readonly logFile: string;
  readonly #spec: AppSpec;
  readonly #log: WriteStream;
  readonly #stopped = new AbortController();
  #child: ChildProcess | null = null;
  #life: Promise<void> = Promise.resolve();
  #lastWords = "";
  #ready = false;

  constructor(spec: AppSpec) {
    this.#spec = spec;
    const { path, stream } = openLogFile(spec.logDirectory, spec.name);
    this.logFile = relative(spec.cwd, path);
    this.#log = stream;
    stream.on("error", () => spec.narrator.say(`${this.logFile} cannot be written.`));
  }

  /** Returns when the app is ready. @throws {StartError} when it ends before, or takes too long */
  async start(signal: AbortSignal): Promise<void> {
    const { name } = this.#spec;
    const ended = new AbortController();
    const exit = this.#run().finally(() => ended.abort());
    const waiting = AbortSignal.any([signal, ended.signal, AbortSignal.timeout(readyMs)]);
    this.#ready = await this.#waitUntilReady(waiting);
    if (this.#ready) {
      this.#life = this.#keepAlive(exit);
      return;
    }
    signal.throwIfAborted();
    const why = ended.signal.aborted ? `has ended (${await exit})` : `is not ready after ${readyMs / 1000} s`;
    const words = this.#lastWords === "" ? "" : `:\n${this.#lastWords}\n`;
    throw new StartError("app_failed", `the ${name} ${why}${words === "" ? "; " : words}its log is ${this.logFile}`);
  }

  async stop(): Promise<void> {
    this.#stopped.abort();
    const child = this.#child;
    if (child !== null) {
      const tooLong = setTimeout(() => child.kill("SIGKILL"), this.#spec.stopMs);
      // All that it wrote is read by then.
      const closed = once(child, "close");
      child.kill("SIGTERM");
      await closed;
      clearTimeout(tooLong);
    }
    await this.#life;
    this.#log.end();
  }

  kill(): void {
    this.#stopped.abort();
    this.#child?.kill("SIGKILL");
  }

  /** @returns how it ended */
  #run(): Promise<string> {
    const { name, env, cwd } = this.#spec;
    // A group of its own: Ctrl-C in a terminal reaches us alone, and we stop things in order.
    const child = spawn(process.execPath, [...preloaded(name), processFile(name)], {
      ...{ cwd, env: env as NodeJS.ProcessEnv, detached: true },
      stdio: ["pipe", "pipe", "pipe"],
    });
    this.#child = child;
    child.stdin.on("error", () => undefined);
    createInterface(child.stdout).on("line", (line) => this.#read(line));
    createInterface(child.stderr).on("line", (line) => {
      this.#lastWords = `${this.#lastWords}\n${line}`.slice(-2000).trim();
      this.#read(line);
    });
    return new Promise((resolve) => {
      child.once("error", (error) => {
        if (child.pid === undefined) this.#child = null;
        resolve(error.message);
      });
      child.once("close", (code, signal) => {
        this.#child = null;
        resolve(settingsExitCodes.has(code ?? 0) ? wrongSettings : signal === null ? `exit code ${code}` : signal);
      });
    });
  }

  #keepAlive(exit: Promise<string>): Promise<void> {
    const { name, narrator } = this.#spec;
    return keepRunning(exit, {
      again: () => this.#runAgain(),
      ended: (why, inMs) => {
        if (why === wrongSettings) {
          const line = `The ${name} refuses its settings and stays down: see ${this.logFile}`;
          narrator.event("ended", { name, why }, [line]);
          return false;
        }
        const line = `The ${name} has ended (${why}); starting it again in ${inMs / 1000} s. Its log is ${this.logFile}`;
        narrator.event("restarting", { name, why, inMs }, [line]);
        return true;
      },
      stopped: this.#stopped.signal,
    });
  }

  #runAgain(): Promise<string> {
    const { name, narrator } = this.#spec;
    const ended = new AbortController();
    const exit = this.#run().finally(() => ended.abort());
    const signal = AbortSignal.any([this.#stopped.signal, ended.signal, AbortSignal.timeout(readyMs)]);
    void this.#waitUntilReady(signal).then((ready) => {
      if (ready) narrator.event("restarted", { name }, [`The ${name} is back.`]);
    });
    return exit;
  }

  async #waitUntilReady(signal: AbortSignal): Promise<boolean> {
    while (!signal.aborted) {
      const answer = await fetch(this.#spec.readyUrl, { signal }).catch(() => null);
      await answer?.body?.cancel();
      if (answer?.ok) return true;
      await sleep(pollMs, undefined, { signal }).catch(() => undefined);
    }
    return false;
  }

  #read(line: string): void {
    if (line.trim() === "") return;
    this.#log.write(`${line}\n`);
    // What it says before it is ready is part of the error when it never is.
    if (this.#ready) showLogLine(this.#spec.narrator, this.#spec.name, line);
  }
}

const wrongSettings = "wrong settings";
const preloaded = (name: AppName) => whatItLoads(name).flatMap((file) => ["--import", file]);
