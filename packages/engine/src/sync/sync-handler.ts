import type { AccessToken, ConnectionView } from "@evertoken/client";

export interface SyncContext {
  readonly connection: ConnectionView;
  /** Fresh: it lives for five minutes at least, where the provider's tokens live that long. */
  readonly token: AccessToken;
  /** Aborted when the run has lasted `SYNC_TIMEOUT_MS`, and when the worker is told to stop and can wait no longer. */
  readonly signal: AbortSignal;
}

/**
 * Syncs one connection. A text that it returns is shown as the sync's message.
 *
 * What it returns or throws may have a `status`, as a fetch Response and the errors of HTTP clients do: on 401 the token is refreshed
 * once and the handler runs again, on 403 the sync ends with `insufficient_scope`, anything else that is thrown is retried.
 */
export type SyncHandler = (context: SyncContext) => Promise<unknown>;

/** The HTTP status of a Response, or of the errors of fetch wrappers, got, axios and their like. */
export function statusOf(value: unknown): number | null {
  if (typeof value !== "object" || value === null) return null;
  const { status, statusCode, response } = value as Record<string, unknown>;
  if (typeof status === "number") return status;
  if (typeof statusCode === "number") return statusCode;
  return response === value ? null : statusOf(response);
}
