import type { ConnectionStatus } from "./token.ts";

/** A connection as it may be shown: no token, not even an encrypted one. */
export interface ConnectionView {
  readonly id: string;
  readonly userId: string;
  readonly provider: string;
  readonly registration: string;
  readonly externalAccountId: string;
  readonly displayName: string | null;
  readonly parentId: string | null;
  readonly authType: string;
  readonly status: ConnectionStatus;
  readonly scopes: readonly string[];
  /** The app's and operators' own words for it, sorted. */
  readonly tags: readonly string[];
  /** Needed by the provider's file and not granted: reconnecting may help. */
  readonly missingScopes: readonly string[];
  readonly expiresAt: Date | null;
  readonly refreshTokenExpiresAt: Date | null;
  /** The end of the user's consent that no refresh can move, where one is known. */
  readonly grantEndsAt: Date | null;
  readonly generation: number;
  readonly nextRefreshAt: Date | null;
  readonly notBefore: Date | null;
  readonly failingSince: Date | null;
  readonly consecutiveFailures: number;
  readonly lastRefreshAt: Date | null;
  readonly lastErrorCode: string | null;
  readonly lastErrorMessage: string | null;
  readonly lastSyncAt: Date | null;
  readonly lastSyncStatus: string | null;
  readonly lastSyncMessage: string | null;
  readonly connectedAt: Date;
  readonly updatedAt: Date;
}

export interface ConnectionFilter {
  readonly userId?: string;
  readonly provider?: string;
  readonly status?: string;
  /** Of those that have it. */
  readonly tag?: string;
  /** Ends before this time. */
  readonly expiresBefore?: Date;
  /** The id of the last one seen. */
  readonly after?: string;
  /** Default 100, at most 1000. */
  readonly limit?: number;
}

/**
 * What is left out stays as it is. A tag has up to 50 of a-z, 0-9 and, between them, - _ . : and a connection has up to 20. They change in this
 * order, so that several who add and remove at the same time do not undo each other.
 */
export interface ConnectionChange {
  /** All that it has from now on. */
  readonly tags?: string[] | undefined;
  readonly addTags?: string[] | undefined;
  readonly removeTags?: string[] | undefined;
}

export interface ProviderHealth {
  readonly provider: string;
  readonly connectionId: string;
  /** Its grant is there: it need not be connected again. */
  readonly connected: boolean;
  /** Connected, and its access token has not ended. */
  readonly healthy: boolean;
  readonly needsReconnect: boolean;
  readonly status: string;
}

/** A token set that is brought in from elsewhere. */
export interface ImportInput {
  readonly userId: string;
  readonly provider: string;
  /** Left out or null beside a refresh token: fetched at once. */
  readonly accessToken?: string | null | undefined;
  readonly refreshToken?: string | null | undefined;
  /** The account at the provider, so that one user may connect several. Default "default". */
  readonly externalAccountId?: string | null | undefined;
  readonly displayName?: string | null | undefined;
  readonly authType?: "oauth2" | "api_key" | "personal_access_token" | null | undefined;
  readonly tokenType?: string | null | undefined;
  readonly scopes?: string[] | null | undefined;
  /**
   * When the access token ends, or `"never"`; or `expiresIn` seconds from now; neither: the provider's documented lifetime from now. `null`
   * for what is given of the two, beside a refresh token: not known, so it is refreshed at once; without one: never.
   */
  readonly expiresAt?: Date | string | null | undefined;
  readonly expiresIn?: number | null | undefined;
  readonly refreshTokenExpiresAt?: Date | string | null | undefined;
  readonly metadata?: Record<string, string> | null | undefined;
  /** Of an account that is known added to its own, as long as there is room (20); not where it is skipped. */
  readonly tags?: string[] | null | undefined;
  /** Where a please-reconnect mail goes. */
  readonly userEmail?: string | null | undefined;
  /** Which of our client registrations the grant belongs to. */
  readonly registration?: string | null | undefined;
  /** The tokens are `iv:authTag:ciphertext` in hex, AES-256-GCM under `legacyKey` (64 hex digits). */
  readonly encrypted?: boolean | undefined;
  readonly legacyKey?: string | undefined;
  /** Even though the account is known and its stored tokens may be newer. */
  readonly overwrite?: boolean | undefined;
}

export interface Imported {
  readonly id: string;
  readonly generation: number;
  /** The account was known: same id, next generation. */
  readonly reconnected: boolean;
  readonly nextRefreshAt: Date | null;
  /** false: Redis is away; the job is added when it is back. */
  readonly scheduled: boolean;
  /** Set when nothing was stored: the account is known, and what is stored of it is this set, or may be newer. */
  readonly skipped: KeepReason | null;
  /** What was pasted along with a token and taken off it, by field. */
  readonly warnings: readonly string[];
}

/** Why a token set that was brought in is not stored over that of an account that is known. */
export type KeepReason =
  /** It is the set that is stored. */
  | "same_tokens"
  /** The stored set may be newer, and a refresh may have spent what the other one holds. */
  | "not_newer";
