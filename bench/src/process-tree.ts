import { readdirSync, readFileSync } from "node:fs";

/** Of a process and all that it has started, as Linux accounts for it: those that have ended are in it once they were waited for. */
export interface Usage {
  readonly cpuSeconds: number;
  /** Of the process alone. */
  readonly residentMb: number;
  readonly mostResidentMb: number;
}

const ticksPerSecond = 100;

export function usageOf(pid: number): Usage {
  const children = childrenByParent();
  const ticks = (root: number): number =>
    ownTicks(root) + (children.get(root) ?? []).reduce((sum, child) => sum + ticks(child), 0);
  const status = read(pid, "status");
  const megabytes = (name: string) =>
    Math.round(Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)?.[1] ?? 0) / 1024);
  return {
    cpuSeconds: ticks(pid) / ticksPerSecond,
    residentMb: megabytes("VmRSS"),
    mostResidentMb: megabytes("VmHWM"),
  };
}

/** What this process has started, by the last part of its program and arguments. */
export function startedHere(): Map<string, number> {
  const pids = childrenByParent().get(process.pid) ?? [];
  return new Map(pids.map((pid) => [nameOf(pid), pid]));
}

function nameOf(pid: number): string {
  const words = read(pid, "cmdline").split("\0");
  const app = /apps\/(\w+)\/src/.exec(words.join(" "))?.[1];
  return app ?? (words[0] ?? "").split("/").at(-1)?.split(" ")[0] ?? String(pid);
}

function childrenByParent(): Map<number, number[]> {
  const children = new Map<number, number[]>();
  for (const entry of readdirSync("/proc")) {
    if (!/^\d+$/.test(entry)) continue;
    const parent = Number(fields(Number(entry))[1]);
    children.set(parent, [...(children.get(parent) ?? []), Number(entry)]);
  }
  return children;
}

/** utime, stime, cutime, cstime. */
const ownTicks = (pid: number): number =>
  fields(pid)
    .slice(11, 15)
    .reduce((sum, ticks) => sum + Number(ticks), 0);

/** After the name, which may hold anything: state, parent, and so on. */
const fields = (pid: number): string[] => (read(pid, "stat").split(") ").at(-1) ?? "").split(" ");

/** One that has just ended used nothing more. */
function read(pid: number, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, "utf8");
  } catch {
    return "";
  }
}
