import { describePostgresTrouble, describeTrouble, redisTrouble } from "@evertoken/adapters";
import { EvertokenError, type EvertokenErrorCode } from "@evertoken/client";

export { EvertokenError, type EvertokenErrorCode };

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
