import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { chmod } from "node:fs/promises";
import { createInterface } from "node:readline";
import { inherited } from "../support/inherited.ts";
import { onFileEnd } from "../support/services.ts";
import { emptyDirectory, launcher } from "./evertoken-command.ts";

// biome-ignore lint/suspicious/noExplicitAny: events as JSON has them, for assertions
type Event = Record<string, any> & { readonly event: string };

export interface Started {
  readonly child: ChildProcess;
  readonly events: readonly Event[];
  output(): string;
  /** The first event for which `fits` holds, now or later. @throws with the output when the process ends before */
  seen(fits: (event: Event) => boolean, timeoutMs: number): Promise<Event>;
  /** @returns the exit code */
  ended(): Promise<number | null>;
}

/** A directory that Postgres, which is another user when we are root, can enter. */
export async function home(): Promise<string> {
  const directory = await emptyDirectory();
  await chmod(directory, 0o755);
  return directory;
}

/** Runs `evertoken start --json` on ports that are free. */
export function start(cwd: string, args: readonly string[], env: Readonly<Record<string, string>> = {}): Started {
  const ports = {
    DASHBOARD_PORT: "0",
    WORKER_PORT: "0",
    SCHEDULER_PORT: "0",
    API_PORT: "0",
    DEMO_PORT: "0",
    WORKER_PROCESSES: "1",
  };
  const child = spawn(process.execPath, [launcher, "start", "--json", ...args], {
    ...{ cwd, env: { ...inherited(), ...ports, ...env } },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  const events: Event[] = [];
  const listeners = new Set<() => void>();
  const tell = () => {
    for (const listener of listeners) listener();
  };
  createInterface(child.stdout).on("line", (line) => {
    output += `${line}\n`;
    events.push(JSON.parse(line) as Event);
    tell();
  });
  child.stderr.on("data", (chunk) => {
    output += chunk;
  });
  const closed = new Promise<number | null>((resolve) => child.once("close", resolve));
  void closed.then(tell);
  onFileEnd(async () => {
    if (child.exitCode === null && child.signalCode === null) child.kill("SIGTERM");
    await closed;
  });
  const seen = (fits: (event: Event) => boolean, timeoutMs: number) =>
    new Promise<Event>((resolve, reject) => {
      const settle = (finish: () => void) => {
        listeners.delete(look);
        clearTimeout(timer);
        finish();
      };
      const fail = (why: string) => settle(() => reject(new Error(`${why}:\n${output}`)));
      const look = () => {
        const found = events.find(fits);
        if (found !== undefined) settle(() => resolve(found));
        else if (child.exitCode !== null || child.signalCode !== null) fail("it has ended");
      };
      const timer = setTimeout(() => fail(`not seen within ${timeoutMs} ms`), timeoutMs);
      listeners.add(look);
      look();
    });
  return { child, events, output: () => output, seen, ended: () => closed };
}

/** Every process below this one. */
export function descendants(pid: number): { pid: number; command: string }[] {
  const lines = execFileSync("ps", ["-eo", "pid=,ppid=,args="], { encoding: "utf8" }).split("\n");
  const all = lines.flatMap((line) => {
    const [, id, parent, command] = /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(line) ?? [];
    return command === undefined ? [] : [{ pid: Number(id), parent: Number(parent), command }];
  });
  const below = (parent: number): typeof all =>
    all.filter((each) => each.parent === parent).flatMap((each) => [each, ...below(each.pid)]);
  return below(pid);
}

export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
