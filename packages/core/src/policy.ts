/** The part of a provider's file that decisions need. All times in seconds, as providers state them. */
export interface RefreshPolicy {
  /**
   * What a refresh spends: a refresh token; the access token itself (Meta, Instagram: exchanged while it still lives); or
   * nothing, because this provider's tokens cannot be refreshed.
   */
  readonly spends: "refresh_token" | "access_token" | "nothing";
  /** Documented access token lifetime, used when an answer states none; null: tokens never expire. */
  readonly lifetimeSeconds: number | null;
  /** How long before expiry to refresh; null: the operator's default (5 minutes). */
  readonly marginSeconds: number | null;
  /** Youngest age at which a token may be refreshed (Instagram: 24 h). */
  readonly minimumAgeSeconds: number;
  /** What a lost answer costs. */
  readonly rotation:
    | { readonly kind: "none" }
    /** The old refresh token stays usable for a while after it was spent. */
    | { readonly kind: "grace"; readonly graceSeconds: number }
    /** Spent is spent; reuse may revoke the whole grant. */
    | { readonly kind: "single_use" };
  /** Refresh token lifetime counted from each use (idle end); null: none known. */
  readonly refreshTokenIdleSeconds: number | null;
  /** Refresh token lifetime counted from consent, which no refresh can move; null: none known. */
  readonly refreshTokenFixedSeconds: number | null;
}
