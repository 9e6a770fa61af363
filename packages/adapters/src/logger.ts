import fs from "node:fs";
import { forTerminal } from "@evertoken/core";
import { type DestinationStream, type Logger as Pino, pino } from "pino";
import pretty from "pino-pretty";

type Write = { (fields: object, message?: string): void; (message: string): void };

/** What is asked of a logger, whoever made it. */
export type Logger = Readonly<Record<"debug" | "info" | "warn" | "error", Write>>;

/**
 * One event a line: JSON, or readable text in a terminal. Errors appear as name, code and message only; whatever else hangs on an
 * error object (requests, answers, queries with their values) stays out of the log.
 */
export function createLogger(name: string, level: string, destination?: DestinationStream): Pino {
  if (!process.listeners("exit").includes(forgiveDeadReader)) process.prependListener("exit", forgiveDeadReader);
  const terminal = destination === undefined && process.stdout.isTTY === true;
  const stream = terminal ? pretty({ ignore: "pid,hostname", translateTime: "HH:MM:ss.l" }) : destination;
  const options = {
    name,
    level,
    serializers: { err: describeError, error: describeError },
    hooks: { streamWrite: terminal ? escapedTwice : escaped },
  };
  return stream === undefined ? pino(options) : pino(options, stream);
}

/** Files of lines are shown on terminals too. JSON itself escapes half of what acts there. */
const escaped = (line: string) => `${forTerminal(line.slice(0, -1))}\n`;

/** For a reader of the JSON who shows what it stands for: escapes other than those of line breaks, tabs and quotes stay escapes. */
const escapedTwice = (line: string) =>
  escaped(line).replace(/\\(?:\\|u[0-9a-f]{4}|[bfr])/g, (found) => (found === "\\\\" ? found : `\\${found}`));

/**
 * What is left of the log is written at exit, by sonic-boom, which takes EPIPE for EAGAIN: with nobody to read it, it would try for
 * ever, and the process would never end. So from then on what cannot be read counts as written.
 */
function forgiveDeadReader(): void {
  type Write = (fd: number, data: string | Uint8Array, ...rest: unknown[]) => number;
  const write = fs.writeSync as Write;
  const forgiving: Write = (fd, data, ...rest) => {
    try {
      return write(fd, data, ...rest);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "EPIPE") return Buffer.byteLength(data);
      throw error;
    }
  };
  fs.writeSync = forgiving as typeof fs.writeSync;
}

export function describeError(error: unknown): Record<string, unknown> {
  if (!isErrorLike(error)) return { message: "something that is not an error was thrown" };
  const { name, message, code } = error;
  return { name, message: withoutCredentials(message), ...(code === undefined ? {} : { code }) };
}

/** BullMQ hands on connection errors that look like errors without being of their class. */
function isErrorLike(error: unknown): error is { name?: string; message: string; code?: unknown } {
  return typeof error === "object" && error !== null && "message" in error && typeof error.message === "string";
}

/** Driver errors may quote the URL they connect to. */
const withoutCredentials = (text: string) => text.replace(/\/\/[^/\s@]*@/g, "//…@");
