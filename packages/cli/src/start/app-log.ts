import { createWriteStream, mkdirSync, renameSync, statSync, type WriteStream } from "node:fs";
import { join } from "node:path";
import { printable } from "../table.ts";
import type { Narrator } from "./narrator.ts";

const rotateBytes = 20 * 1024 * 1024;

/** Opens `.evertoken/logs/<name>.log` to append; one old file is kept when it has grown large. */
export function openLogFile(directory: string, name: string): { path: string; stream: WriteStream } {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const path = join(directory, `${name}.log`);
  if ((statSync(path, { throwIfNoEntry: false })?.size ?? 0) > rotateBytes) renameSync(path, `${path}.1`);
  return { path, stream: createWriteStream(path, { flags: "a", mode: 0o600 }) };
}

/** A pino line, as far as the terminal shows it. */
interface LogLine {
  readonly level?: number;
  readonly msg?: string;
  readonly outcome?: string;
  readonly durationMs?: number;
  readonly nextRefreshAt?: string;
  readonly reason?: string;
  readonly err?: { readonly message?: string };
}

const warnLevel = 40;

/** Shows refreshes, and whatever is a warning or worse; the rest is in the file. */
export function showLogLine(narrator: Narrator, name: string, text: string): void {
  const line = parse(text);
  if (line === null) {
    narrator.event("output", { name, text }, [`${clock()}  ${name}: ${printable(text)}`]);
    return;
  }
  const { outcome, msg = "", level = 0 } = line;
  if (level >= warnLevel) {
    const why = line.reason ?? line.err?.message;
    const shown = `${clock()}  ${name} warns: ${printable(msg)}${why === undefined ? "" : `: ${printable(why)}`}`;
    narrator.event(outcome === undefined ? "warning" : "refresh", { name, ...line }, [shown]);
  } else if (outcome !== undefined) {
    const next = line.nextRefreshAt === undefined ? "" : `, next at ${clock(new Date(line.nextRefreshAt))}`;
    narrator.event("refresh", { name, ...line }, [`${clock()}  ${printable(msg)} in ${line.durationMs} ms${next}`]);
  }
}

const clock = (time = new Date()) => time.toLocaleTimeString("en-GB");

function parse(text: string): LogLine | null {
  try {
    const value = JSON.parse(text) as LogLine;
    return typeof value === "object" ? value : null;
  } catch {
    return null;
  }
}
