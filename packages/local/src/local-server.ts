import { type ChildProcess, spawn } from "node:child_process";
import { setTimeout as delay } from "node:timers/promises";
import { claimDataDir, recordServer, releaseDataDir } from "./data-dir-claim.ts";
import { LocalServiceError } from "./local-service-error.ts";

export type ServerSpec = {
  name: string;
  url: string;
  port: number;
  dataDir: string;
  command: { file: string; args: string[]; uid?: number; gid?: number };
  /** The log line that says: connections are accepted. */
  readyLine: string;
  /** Asks the server to end soon, and in order. */
  stopSignal: NodeJS.Signals;
  /** A reason in the log for which starting again helps. */
  retryLine?: string;
  /** Each line that the server writes. */
  onLog?: (line: string) => void;
  /** Runs before each start, while the data directory is ours. */
  prepare?: () => Promise<void>;
};

const startDeadlineMs = 60_000;
const stopDeadlineMs = 15_000;

/** A Postgres or Redis of our own on this machine. Its address stays the same over `stop`, `kill` and `restart`. */
export class LocalServer {
  readonly url: string;
  readonly port: number;
  readonly dataDir: string;
  readonly #spec: ServerSpec;
  #child: ChildProcess | undefined;
  #log: string[] = [];

  constructor(spec: ServerSpec) {
    this.#spec = spec;
    this.url = spec.url;
    this.port = spec.port;
    this.dataDir = spec.dataDir;
  }

  /** Of the running server; undefined when it is stopped or dead. */
  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** The last lines that the server wrote. */
  get log(): readonly string[] {
    return this.#log;
  }

  async start(): Promise<void> {
    if (this.#child) return;
    await claimDataDir(this.dataDir);
    await this.#spec.prepare?.();
    const deadline = Date.now() + startDeadlineMs;
    while (!(await this.#launch(deadline))) {
      const { name, retryLine } = this.#spec;
      const mayRetry = retryLine !== undefined && this.#log.some((line) => line.includes(retryLine));
      if (!mayRetry || Date.now() > deadline) {
        releaseDataDir(this.dataDir);
        throw new LocalServiceError("start_failed", `${name} did not start:\n${this.#log.join("\n")}`);
      }
      await delay(200);
    }
  }

  async stop(): Promise<void> {
    const child = this.#child;
    if (child) {
      const giveUp = setTimeout(() => child.kill("SIGKILL"), stopDeadlineMs);
      child.kill("SIGCONT");
      await this.kill(this.#spec.stopSignal);
      clearTimeout(giveUp);
    }
    releaseDataDir(this.dataDir);
  }

  /** Sends any signal, and waits for the end unless it only suspends or resumes. */
  async kill(signal: NodeJS.Signals = "SIGKILL"): Promise<void> {
    const child = this.#child;
    if (!child) return;
    const ended = new Promise((resolve) => child.once("exit", resolve));
    child.kill(signal);
    if (signal !== "SIGSTOP" && signal !== "SIGCONT") await ended;
  }

  /** Stops the server when it still runs, and brings it up again with the same address and data. */
  async restart(): Promise<void> {
    await this.stop();
    await this.start();
  }

  /** True when the server accepts connections, false when it ended before that. */
  async #launch(deadline: number): Promise<boolean> {
    const { file, args, uid, gid } = this.#spec.command;
    // A group of its own: Ctrl-C in a terminal reaches the whole foreground group, and the databases have to outlive
    // the workers, which commit what is in flight.
    const ids = { ...(uid !== undefined && { uid }), ...(gid !== undefined && { gid }) };
    const child = spawn(file, args, { ...ids, cwd: "/", detached: true, stdio: ["ignore", "pipe", "pipe"] });
    const endWithUs = () => child.kill(this.#spec.stopSignal);
    process.once("exit", endWithUs);
    child.once("exit", () => {
      process.off("exit", endWithUs);
      if (this.#child === child) this.#child = undefined;
    });
    this.#child = child;
    this.#log = [];
    const timer = setTimeout(() => child.kill("SIGKILL"), Math.max(0, deadline - Date.now()));
    const ready = await this.#watch(child);
    clearTimeout(timer);
    if (ready && child.pid !== undefined) recordServer(this.dataDir, child.pid);
    return ready;
  }

  #watch(child: ChildProcess): Promise<boolean> {
    return new Promise((resolve) => {
      const read = (chunk: Buffer) => {
        for (const line of chunk.toString().split("\n")) {
          if (line.trim() === "") continue;
          this.#log.push(line);
          this.#spec.onLog?.(line);
          if (line.includes(this.#spec.readyLine)) resolve(true);
        }
        this.#log = this.#log.slice(-40);
      };
      child.stdout?.on("data", read);
      child.stderr?.on("data", read);
      child.once("close", () => resolve(false));
      child.once("error", (error) => {
        this.#log.push(error.message);
        if (this.#child === child) this.#child = undefined;
        resolve(false);
      });
    });
  }
}
