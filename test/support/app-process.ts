import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { inherited } from "./inherited.ts";
import { programFile, programSources, shortLived } from "./programs.ts";
import { onFileEnd } from "./services.ts";

export type AppName = "worker" | "scheduler" | "dashboard" | "api";

/** An app in a process of its own, with everything it printed. */
export interface AppProcess {
  readonly child: ChildProcess;
  /** All of standard output and error so far. */
  output(): string;
  /** The log lines so far, as objects. */
  lines(): Record<string, unknown>[];
  /** The port of its health server. */
  readonly port: number;
  /** @returns the exit code, or the signal that ended it */
  stop(signal?: NodeJS.Signals): Promise<number | NodeJS.Signals>;
}

/** Ports 0: any that is free; the log says which. One process each, which a test can kill or suspend. */
const small = { WORKER_PORT: "0", SCHEDULER_PORT: "0", DASHBOARD_PORT: "0", API_PORT: "0", WORKER_PROCESSES: "1" };

/** Starts the app, from its source where the test replaces modules on their way, and waits for its "ready" line. @throws with all that it printed when it ends before */
export function startApp(name: AppName, env: Record<string, string>): Promise<AppProcess> {
  return startProcess(name, env.NODE_OPTIONS === undefined ? programFile(name) : programSources[name], env);
}

/** The same with a program of the test's own, which logs a line that begins with `<name> ready`. */
export async function startProcess(name: string, main: string, env: Record<string, string>): Promise<AppProcess> {
  const child = spawn(process.execPath, [...shortLived, main], {
    env: { ...inherited(), ...small, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  child.stdout.on("data", (chunk) => {
    output += chunk;
  });
  child.stderr.on("data", (chunk) => {
    output += chunk;
  });
  const exited = once(child, "exit");
  const stop = async (signal: NodeJS.Signals = "SIGTERM") => {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill(signal);
      await exited;
    }
    return child.signalCode ?? (child.exitCode as number);
  };
  onFileEnd(() => stop("SIGKILL"));
  const lines = () => output.split("\n").flatMap(parse);
  const isReady = () => lines().find(({ msg }) => typeof msg === "string" && msg.startsWith(`${name} ready`));
  for (const deadline = Date.now() + 30_000; isReady() === undefined; ) {
    if (child.exitCode !== null) throw new Error(`${name} ended with ${child.exitCode}:\n${output}`);
    if (Date.now() > deadline) throw new Error(`${name} was not ready in time:\n${output}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return { child, output: () => output, lines, port: Number(isReady()?.port), stop };
}

function parse(line: string): Record<string, unknown>[] {
  try {
    return [JSON.parse(line) as Record<string, unknown>];
  } catch {
    return [];
  }
}
