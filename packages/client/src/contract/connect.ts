export interface AuthorizeInput {
  readonly userId: string;
  readonly provider: string;
  /** Which of the provider's client registrations. Default: the one of the settings. */
  readonly registration?: string | undefined;
  /** Where the user ends up, with what became of it in the query; must be on the allow list. */
  readonly returnUrl: string;
  /** Where the provider sends its answer: a page of the app that completes it. Default: the API's callback of this provider. */
  readonly redirectUri?: string | undefined;
  /** Left out: those of the provider's file. */
  readonly scopes?: string[] | undefined;
  /** Reconnect this one: it keeps its id and history. */
  readonly connectionId?: string | undefined;
  /** What the provider's endpoints need: shop, data centre, instance. */
  readonly metadata?: Record<string, string> | undefined;
  readonly userEmail?: string | undefined;
  /** For the connection; of one that is reconnected added to its own, as long as there is room (20). */
  readonly tags?: string[] | undefined;
  /** What comes back waits until it is confirmed, with the query of the return URL, for the user of the app's session. */
  readonly confirm?: boolean | undefined;
  /**
   * A secret of the user's session, 16 to 256 characters: the answer counts only with the same one, and then in one step. For a `redirectUri`
   * of the app's own.
   */
  readonly binding?: string | undefined;
}

export interface Authorization {
  /** Where to send the user's browser, at once. An address of ours goes on to the provider, and is good for one browser. */
  readonly url: string;
  readonly state: string;
  readonly expiresAt: Date;
}

/** The provider's answer as it came back to the redirect URI (RFC 6749 section 4.1.2, RFC 9207). */
export interface ConnectAnswer {
  readonly state: string;
  readonly code?: string | undefined;
  readonly error?: string | undefined;
  readonly errorDescription?: string | undefined;
  readonly iss?: string | undefined;
  /** Whatever else came back, by name: of it, what the provider's file names is kept. */
  readonly parameters?: Readonly<Record<string, string>> | undefined;
  /** The address that it came to: must be the one that was asked for. */
  readonly redirectUri?: string | undefined;
  /** Of the user's session, where the flow was begun with one. */
  readonly binding?: string | undefined;
}

/** What became of a connect flow. */
export type Completed = Confirmed | Pending;

/** Consent was given. Nothing is served or refreshed before the app has confirmed it; after ten minutes it is dropped and revoked. */
export interface Pending {
  readonly kind: "pending";
  /** Only the browser that gave consent brings it. */
  readonly confirmation: string;
  readonly provider: string;
  readonly returnUrl: string;
}

/** The query of the return URL, in any form. */
export type ReturnQuery = string | URLSearchParams | Readonly<Record<string, unknown>>;

export interface ConfirmInput {
  /** Whom the app's own session belongs to; never what an address says. */
  readonly userId: string;
}

export type Confirmed =
  | {
      readonly kind: "connected";
      readonly connectionId: string;
      readonly provider: string;
      readonly returnUrl: string;
      readonly reconnected: boolean;
      /** Asked for and not granted. */
      readonly missingScopes: readonly string[];
    }
  | {
      readonly kind: "refused";
      readonly code: ConnectRefusalCode;
      /** For the user; a text of ours. */
      readonly message: string;
      /** null: the state is not known, so nobody can say where the user came from. */
      readonly returnUrl: string | null;
    };

/** Why an account was not connected. Stable: they stand in return URLs. */
export type ConnectRefusalCode =
  | "consent_refused"
  | "state_invalid"
  | "state_used"
  | "state_expired"
  | "other_browser"
  | "redirect_uri_mismatch"
  | "issuer_mismatch"
  | "code_missing"
  | "code_invalid"
  | "authorization_failed"
  | "invalid_client"
  | "rate_limited"
  | "provider_unavailable"
  | "unknown_answer"
  | "identity_unavailable"
  | "another_account"
  | "grant_in_use"
  | "confirmation_unknown"
  | "confirmation_expired"
  | "confirmed_for_another";

export interface ConnectLinkInput {
  readonly userId: string;
  /** Where the page leads back to; must be on the allow list. */
  readonly returnUrl?: string | undefined;
  /** The providers that the page offers; left out: all that are set up. */
  readonly providers?: string[] | undefined;
  /** What the user is called in the app: shown with the address, so that people see whose accounts these are. At most 200 characters. */
  readonly userName?: string | undefined;
  readonly userEmail?: string | undefined;
  /** For what the page connects, as with `authorize`. */
  readonly tags?: string[] | undefined;
  /** What the page connects waits until `connect.confirm` at the `returnUrl`, which is needed then. */
  readonly confirm?: boolean | undefined;
  /** How long the link can be opened. Default 10 minutes. */
  readonly ttlSeconds?: number | undefined;
}
