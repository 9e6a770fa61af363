import { describePostgresTrouble, describeTrouble, redisTrouble } from "@evertoken/adapters";
import type { ErrorCode } from "@evertoken/core";

export type EvertokenErrorCode =
  | ErrorCode
  /** Nothing is spent until an operator says which database is true. */
  | "held"
  | "connection_not_found"
  | "not_found"
  | "disconnected"
  | "not_refreshable"
  | "invalid_input"
  | "unknown_provider"
  | "provider_not_found"
  | "provider_exists"
  | "provider_in_use"
  | "provider_refused"
  | "registration_not_found"
  | "registration_in_use"
  | "store_unavailable"
  | "queue_unavailable"
  | "timed_out"
  | "closing";

/** The one error this library throws on purpose. `code` is stable; the message says what to do and never holds a token. */
export class EvertokenError extends Error {
  readonly code: EvertokenErrorCode;
  /** Where the user gives consent again, when only that helps. */
  readonly reconnectUrl: string | null;
  /** Nothing but the user's consent helps. */
  readonly consentHelps: boolean;
  /** When asking again may help. */
  readonly retryAt: Date | null;

  constructor(
    code: EvertokenErrorCode,
    message: string,
    details: { reconnectUrl?: string | null; consentHelps?: boolean; retryAt?: Date | null; cause?: unknown } = {},
  ) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = "EvertokenError";
    this.code = code;
    this.reconnectUrl = details.reconnectUrl ?? null;
    this.consentHelps = details.consentHelps ?? false;
    this.retryAt = details.retryAt ?? null;
  }
}

/** Whether it is about all that is asked of this process, and not about the one thing that was asked for. */
export function concernsAll(error: unknown): boolean {
  return error instanceof EvertokenError && forAll.has(error.code);
}

const forAll: ReadonlySet<EvertokenErrorCode> = new Set(["store_unavailable", "queue_unavailable", "closing"]);

/** Runs a Postgres task; trouble with the server becomes `store_unavailable`, and the message says which. */
export async function withStore<T>(task: () => Promise<T>): Promise<T> {
  return unavailableAs("store_unavailable", describePostgresTrouble, task);
}

/** Runs a Redis task; trouble with the server becomes `queue_unavailable`. */
export async function withQueue<T>(task: () => Promise<T>): Promise<T> {
  return unavailableAs("queue_unavailable", (error) => describeTrouble(redisTrouble(error)), task);
}

/** Looks into the spool: after a refresh that was cut short nobody can tell, without it, whether a token set came. */
export async function withSpool<T>(task: () => Promise<T>): Promise<T> {
  const message =
    "a refresh was cut short, and Redis does not say whether it brought tokens: check REDIS_URL and SPOOL_DIR";
  return unavailableAs("queue_unavailable", () => message, task);
}

async function unavailableAs<T>(
  code: EvertokenErrorCode,
  messageOf: (error: unknown) => string,
  task: () => Promise<T>,
): Promise<T> {
  try {
    return await task();
  } catch (error) {
    if (error instanceof EvertokenError) throw error;
    // The driver's error may quote a URL with a password, or a row: only its name and code (such as ECONNREFUSED, 42P01) go on.
    const { name, code: detail } = error as { name?: unknown; code?: unknown };
    const cause = new Error([name, detail].filter((part) => typeof part === "string").join(" ") || "unknown");
    throw new EvertokenError(code, messageOf(error), { cause });
  }
}
