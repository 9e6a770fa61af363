import type { EvertokenErrorCode } from "./evertoken-error.ts";

/** A connection by its id, or by whose it is. Of several accounts of one user, a working one that was connected last is meant. */
export type Target = string | { readonly userId: string; readonly provider: string };

export interface AccessToken {
  readonly accessToken: string;
  /** How APIs want it presented (RFC 6749 section 7.1); `Bearer` where the provider does not say. */
  readonly tokenType: string;
  /** null: it never expires. */
  readonly expiresAt: Date | null;
  /** When it is due to be refreshed: whoever keeps a token keeps it no longer than this. null: never. */
  readonly refreshAt: Date | null;
  readonly scopes: readonly string[];
  readonly connectionId: string;
  /** +1 with every new token of the connection. */
  readonly generation: number;
  /** The token still works, but its refresh did not. */
  readonly warning: TokenWarning | null;
}

export interface TokenWarning {
  readonly code: EvertokenErrorCode;
  readonly message: string;
}

export interface AccessTokenOptions {
  /** How long the token must live at least, in seconds. Default 30. */
  readonly minTtlSeconds?: number;
  /** Scopes that the token must have; without them the user has to reconnect (`insufficient_scope`). */
  readonly scopes?: readonly string[];
  /**
   * The generation of a token that the provider's API refused (401): a later one is wanted, and a refresh is made for it where there is none
   * yet. Where none is to be had, since this one came only a moment ago or the refresh failed, the answer is the same token.
   */
  readonly refusedGeneration?: number;
}

export interface WithAccessTokenOptions {
  readonly minTtlSeconds?: number;
  /** Tells whether a result or an error of the call means that the API refused the token. Default: a status of 401. */
  readonly isUnauthorized?: (resultOrError: unknown) => boolean;
}

export interface RefreshOptions {
  /** Even while the provider asked us to wait. */
  readonly force?: boolean;
  /** Of the token that the caller has seen: nothing is asked when a newer one is there. */
  readonly generation?: number;
}

export interface TokenStatus {
  readonly connectionId: string;
  readonly provider: string;
  readonly status: ConnectionStatus;
  readonly token: "valid" | "expiring_soon" | "expired" | "no_expiry_set";
  readonly expiresAt: Date | null;
  readonly expiresInSeconds: number | null;
  readonly nextRefreshAt: Date | null;
  readonly lastRefreshAt: Date | null;
  readonly errorCode: string | null;
  /** The pending job as Redis has it; `unknown` when Redis is away; null when there is none. */
  readonly job: { readonly id: string; readonly state: string; readonly dueAt: Date | null } | "unknown" | null;
}

/** The state of a connection, for users to see. */
export type ConnectionStatus = "connected" | "token_expired" | "needs_reauth" | "error" | "disconnected";
