/**
 * What a token endpoint's answer means. A closed union: a new case that `decide` does not handle does not compile.
 *
 * `reason` is a short sanitized text for the log: never a token, a secret or the provider's raw answer.
 */
export type Outcome =
  | { readonly kind: "granted"; readonly tokens: GrantedTokens; readonly httpStatus: number }
  /** The grant is dead, and this provider is known to say so in this way. */
  | { readonly kind: "denied"; readonly reason: string; readonly httpStatus: number }
  /** Our registration (client id, secret, endpoint) is wrong: nothing the user could mend. */
  | { readonly kind: "misconfigured"; readonly reason: string; readonly httpStatus: number | null }
  /** We were told to wait. `retryAfterMs` null: no time was stated. */
  | {
      readonly kind: "throttled";
      readonly scope: "provider" | "connection";
      readonly retryAfterMs: number | null;
      readonly reason: string;
      readonly httpStatus: number;
    }
  /** Never written to the wire: the refresh token is certainly unspent. */
  | { readonly kind: "unsent"; readonly reason: string }
  /** Answered, with trouble on their side; the token was not spent. */
  | {
      readonly kind: "transient";
      readonly reason: string;
      readonly retryAfterMs: number | null;
      readonly httpStatus: number;
    }
  /** Sent, and no usable answer came back: the refresh token may be spent. */
  | { readonly kind: "uncertain"; readonly reason: string; readonly httpStatus: number | null }
  /** An answer nobody has described yet. */
  | { readonly kind: "unknown"; readonly reason: string; readonly httpStatus: number }
  /** Decided before any request: there is no refresh token, or this provider's tokens cannot be refreshed. */
  | { readonly kind: "nothing_to_spend" }
  /** Decided before any request: the stored ciphertext does not open. */
  | { readonly kind: "unreadable"; readonly reason: string }
  /** Decided before any request: this connection's metadata (shop, data centre) makes no endpoint to ask. */
  | { readonly kind: "unaddressable"; readonly reason: string };

export type OutcomeKind = Outcome["kind"];

const kinds: Readonly<Record<OutcomeKind, true>> = {
  ...{
    granted: true,
    denied: true,
    misconfigured: true,
    throttled: true,
    unsent: true,
    transient: true,
    uncertain: true,
  },
  ...{ unknown: true, nothing_to_spend: true, unreadable: true, unaddressable: true },
};

/** What stands in the log as an outcome. */
export const outcomeKinds = Object.keys(kinds) as readonly OutcomeKind[];

/** What a granted answer carried. Kept before it is judged pretty. */
export interface GrantedTokens {
  readonly accessToken: string;
  /** null: the answer carried none, so the stored one stays. */
  readonly refreshToken: string | null;
  readonly tokenType: string | null;
  /** Seconds from now, 0 for a token that is not to be served; `unstated`: the provider's documented lifetime counts. */
  readonly expiresIn: number | "never" | "unstated";
  /** Seconds from now until the refresh token ends; null when the answer does not say. */
  readonly refreshTokenExpiresIn: number | null;
  /** null: the answer does not say, so the stored ones stay (RFC 6749 section 5.1). */
  readonly scopes: readonly string[] | null;
  /** Facts to keep with the connection, such as a moved `instance_url`. */
  readonly metadata: Readonly<Record<string, string>>;
  /** What was odd about the answer, in words for the log. */
  readonly notes: readonly string[];
}

/** What came off the wire, before anybody judged it. Never logged, never stored. */
export type RawAnswer =
  | {
      readonly kind: "response";
      readonly status: number;
      /** Lower-case names. */
      readonly headers: Readonly<Record<string, string>>;
      readonly body: Uint8Array;
    }
  | {
      readonly kind: "failure";
      /** Whether any byte of the request may have reached the provider. */
      readonly sent: boolean;
      /** Such as ECONNREFUSED, ETIMEDOUT, ERR_TLS_CERT_ALTNAME_INVALID. */
      readonly code: string;
      /** HTTP status, when the head of an answer was seen before it broke off. */
      readonly status: number | null;
    };
