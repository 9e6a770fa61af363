import type { AuthType, CircuitCode, ConnectionStatus, ErrorCode } from "./connection.ts";

/** Who can end an outage: we, the provider, or the connection's user. */
export type Cause = "ours" | "provider" | "user";

export const causes: readonly Cause[] = ["ours", "provider", "user"];

/** Why connections can serve no token now: whose it is to mend, and in which words. */
export const outageReasons = {
  held: { cause: "ours", words: "nothing is refreshed until an operator says which database is true" },
  registration_refused: { cause: "ours", words: "our client registration is refused" },
  queue_paused: { cause: "ours", words: "the queue is paused" },
  not_refreshed: { cause: "ours", words: "nobody has refreshed them" },
  unreadable_token: { cause: "ours", words: "what is stored of the tokens does not open" },
  missing_metadata: { cause: "ours", words: "their metadata makes no endpoint" },
  older_than_its_job: { cause: "ours", words: "their rows are older than their jobs" },
  provider_trouble: { cause: "provider", words: "the provider does not answer as it should" },
  provider_limit: { cause: "provider", words: "the provider asked us to wait" },
  denials_in_doubt: { cause: "provider", words: "the provider denies more grants than can be believed" },
  needs_reauth: { cause: "user", words: "their users have to reconnect" },
  credential_ended: { cause: "user", words: "a key that no refresh prolongs has ended" },
} as const satisfies Readonly<Record<string, { readonly cause: Cause; readonly words: string }>>;

export type OutageReason = keyof typeof outageReasons;

export const causeOf = (reason: OutageReason): Cause => outageReasons[reason].cause;

/** What is known of connections whose access token has ended, and of what surrounds them. */
export interface OutageFacts {
  readonly status: ConnectionStatus;
  readonly authType: AuthType;
  readonly errorCode: ErrorCode | null;
  /** Nothing is spent at all. */
  readonly held: boolean;
  /** Of the open circuit of their registration; null: none is open. */
  readonly circuit: CircuitCode | null;
  /** The registration was asked to wait. */
  readonly limited: boolean;
  /** Somebody has paused the queue. */
  readonly paused: boolean;
}

/** The reason that stands in front: what has to be mended before anything else can. */
export function outageReason({ status, authType, errorCode, ...around }: OutageFacts): OutageReason {
  if (status === "needs_reauth") return "needs_reauth";
  if (authType === "api_key" || authType === "personal_access_token") return "credential_ended";
  if (around.held) return "held";
  if (around.circuit !== null) return reasonOfCircuit[around.circuit];
  if (around.paused) return "queue_paused";
  if (around.limited) return "provider_limit";
  return errorCode === null ? "not_refreshed" : reasonOfCode[errorCode];
}

const reasonOfCircuit: Readonly<Record<CircuitCode, OutageReason>> = {
  invalid_client: "registration_refused",
  unknown_answer: "provider_trouble",
  mass_denial: "denials_in_doubt",
};

const reasonOfCode: Readonly<Record<ErrorCode, OutageReason>> = {
  refresh_token_expired: "needs_reauth",
  no_refresh_token: "needs_reauth",
  insufficient_scope: "needs_reauth",
  grant_in_use: "needs_reauth",
  invalid_client: "registration_refused",
  unreadable_token: "unreadable_token",
  missing_metadata: "missing_metadata",
  older_than_its_job: "older_than_its_job",
  provider_unavailable: "provider_trouble",
  unknown_answer: "provider_trouble",
  answer_lost: "provider_trouble",
  rate_limited: "provider_limit",
  mass_denial: "denials_in_doubt",
};
