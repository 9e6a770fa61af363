import { existsSync, readdirSync, readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";

const graceMs = 2_000;

/**
 * Finds processes by a marker in the environment that they were started with, however deep or detached they are,
 * gives them a moment to end, then kills them and says which they were. Looks into /proc, so only on Linux.
 */
export async function endLeftProcesses(marker: string): Promise<string[]> {
  const deadline = Date.now() + graceMs;
  let left = findMarked(marker);
  while (left.length > 0 && Date.now() < deadline) {
    await delay(50);
    left = findMarked(marker);
  }
  const lines = left.map((pid) => `${pid} ${readProc(pid, "cmdline").replaceAll("\0", " ").slice(0, 200)}`);
  for (const pid of left) endProcess(pid);
  return lines;
}

function findMarked(marker: string): number[] {
  if (!existsSync("/proc/self/environ")) return [];
  const pids = readdirSync("/proc")
    .map(Number)
    .filter((pid) => pid > 0 && pid !== process.pid);
  return pids.filter((pid) => readProc(pid, "environ").includes(marker));
}

function readProc(pid: number, file: "environ" | "cmdline"): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, "utf8");
  } catch {
    return "";
  }
}

function endProcess(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It ended meanwhile.
  }
}
