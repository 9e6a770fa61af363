import { ConfigError, describeError } from "@evertoken/adapters";
import { EvertokenError } from "@evertoken/engine";
import { CommanderError } from "commander";

/** A command that cannot be meant: exit code 2. */
export class UsageError extends Error {
  readonly code = "wrong_usage";
}

/** Ended by Ctrl-C or a signal, in order. */
export class Interrupted extends Error {
  readonly code = "interrupted";
  readonly exitCode: number;
  constructor(exitCode: number) {
    super("interrupted");
    this.exitCode = exitCode;
  }
}

/** A failure as programs get it. */
export interface Failure {
  readonly code: string;
  readonly message: string;
  /** Every wrong setting. */
  readonly faults?: readonly string[];
  readonly reconnectUrl?: string;
  readonly retryAt?: Date;
}

export function failureOf(error: unknown): Failure {
  if (error instanceof CommanderError) return { code: "wrong_usage", message: error.message };
  if (error instanceof ConfigError) {
    return { code: error.code, message: "there are wrong settings", faults: error.faults };
  }
  const { code, message } = describeError(error);
  return {
    code: typeof code === "string" ? code : "failed",
    message: String(message === "" ? (code ?? "unknown reason") : message),
    ...(error instanceof EvertokenError && error.reconnectUrl !== null ? { reconnectUrl: error.reconnectUrl } : {}),
    ...(error instanceof EvertokenError && error.retryAt !== null ? { retryAt: error.retryAt } : {}),
  };
}

/** One line for people, and one more for each wrong setting. */
export function explain({ code, message, faults, reconnectUrl, retryAt }: Failure): string {
  const hints = [
    ...(reconnectUrl === undefined ? [] : [`reconnect at ${reconnectUrl}`]),
    ...(retryAt === undefined ? [] : [`again at ${retryAt.toISOString()}`]),
  ];
  const line = `evertoken: ${[message, ...hints].join("; ")} (${code})`;
  return [line, ...(faults ?? []).map((fault) => `  - ${fault}`)].join("\n");
}
