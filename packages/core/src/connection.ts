/** How a connection authenticates. Only `oauth2` tokens are refreshed; `derived` ones are fetched with their parent's token. */
export type AuthType = "oauth2" | "api_key" | "personal_access_token" | "derived";

/** The stored state that users see. What the access token itself is worth is computed: {@link TokenState}. */
export type ConnectionStatus = "connected" | "token_expired" | "needs_reauth" | "error" | "disconnected";

/** Computed from expiry, margin and clock, never stored. */
export type TokenState = "valid" | "expiring_soon" | "expired" | "no_expiry_set";

/** What started an attempt; kept in the refresh log. */
export type Trigger = "scheduled" | "manual" | "on_demand" | "sweep" | "bulk" | "sync" | "test";

/** Codes that users and operators meet. Stable: they are part of the API. */
export type ErrorCode =
  | "refresh_token_expired"
  | "no_refresh_token"
  | "invalid_client"
  | "insufficient_scope"
  | "provider_unavailable"
  | "rate_limited"
  | "unknown_answer"
  | "mass_denial"
  | "answer_lost"
  | "unreadable_token"
  | "grant_in_use"
  /** A job in Redis belongs to a newer token set than the row. */
  | "older_than_its_job"
  | "missing_metadata";

export type CircuitCode = Extract<ErrorCode, "invalid_client" | "unknown_answer" | "mass_denial">;

declare const sealed: unique symbol;
/** Ciphertext of a token as it is stored. Branded, so that a plain token cannot be stored by accident. */
export type Sealed = string & { readonly [sealed]: true };

/** A connection as the refresh path sees it. */
export interface Connection {
  readonly id: string;
  readonly userId: string;
  readonly provider: string;
  /** Which of our client registrations at the provider this grant belongs to. */
  readonly registration: string;
  readonly externalAccountId: string;
  readonly authType: AuthType;
  readonly status: ConnectionStatus;
  readonly accessToken: Sealed | null;
  readonly refreshToken: Sealed | null;
  readonly tokenType: string | null;
  readonly scopes: readonly string[];
  readonly expiresAt: Date | null;
  readonly refreshTokenExpiresAt: Date | null;
  /** Hash of the client id that the stored token set was granted to; null: not known. */
  readonly client: string | null;
  /** +1 whenever a new token set is stored. */
  readonly generation: number;
  readonly nextRefreshAt: Date | null;
  readonly notBefore: Date | null;
  readonly failingSince: Date | null;
  readonly consecutiveFailures: number;
  /** Answers lost in a row (outcome `uncertain`). */
  readonly lostAnswers: number;
  readonly connectedAt: Date;
  /** Per-customer facts that endpoint templates need: shop, data centre, instance URL. */
  readonly metadata: Readonly<Record<string, string>>;
}

/** Plain tokens in memory, between the vault and the wire. Never logged, never put into a job. */
export interface PlainTokens {
  readonly accessToken: string | null;
  readonly refreshToken: string | null;
}
