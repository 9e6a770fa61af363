/** Stable: programs switch on them. */
export type EvertokenErrorCode = (typeof errorCodes)[number];

/** What they mean, and what to do: docs/guides/using-the-client.md. */
export const errorCodes = [
  // Of a connection.
  "refresh_token_expired",
  "no_refresh_token",
  "insufficient_scope",
  "connection_not_found",
  "disconnected",
  "not_refreshable",
  "grant_in_use",
  "older_than_its_job",
  "unreadable_token",
  "missing_metadata",
  // Of its provider.
  "invalid_client",
  "provider_unavailable",
  "rate_limited",
  "unknown_answer",
  "mass_denial",
  "answer_lost",
  // Of the call.
  "invalid_input",
  "confirmation_needed",
  "unknown_provider",
  "not_found",
  "provider_not_found",
  "provider_exists",
  "provider_in_use",
  "provider_refused",
  "registration_not_found",
  "registration_in_use",
  // Of Evertoken itself.
  "held",
  "store_unavailable",
  "queue_unavailable",
  "timed_out",
  "closing",
  "internal_error",
  // Of the way to a server.
  "server_unavailable",
  "wrong_address",
  "wrong_key",
  "insufficient_key_scope",
  "too_many_requests",
  "server_too_old",
  "unexpected_answer",
  "unsupported_runtime",
  "webhook_refused",
] as const;

export interface ErrorDetails {
  readonly reconnectUrl?: string | null | undefined;
  readonly consentHelps?: boolean | undefined;
  readonly retryAt?: Date | null | undefined;
  readonly cause?: unknown;
}

/** The one error that is thrown on purpose. `code` is stable; the message says what to do and never holds a token. */
export class EvertokenError extends Error {
  readonly code: EvertokenErrorCode;
  /** Where the user gives consent again, when only that helps. */
  readonly reconnectUrl: string | null;
  /** Nothing but the user's consent helps. */
  readonly consentHelps: boolean;
  /** When asking again may help. */
  readonly retryAt: Date | null;

  constructor(code: EvertokenErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = "EvertokenError";
    this.code = code;
    this.reconnectUrl = details.reconnectUrl ?? null;
    this.consentHelps = details.consentHelps ?? false;
    this.retryAt = details.retryAt ?? null;
  }
}
