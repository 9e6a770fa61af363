import type { Lease } from "./commit-record.ts";
import type { PlainTokens } from "./connection.ts";
import type { Outcome } from "./outcome.ts";
import type { RefreshPolicy } from "./policy.ts";
import type { FoundRules, ProviderRules, RefreshDeps } from "./ports.ts";

const unspendable: RefreshPolicy = {
  spends: "nothing",
  lifetimeSeconds: null,
  marginSeconds: null,
  minimumAgeSeconds: 0,
  rotation: { kind: "none" },
  refreshTokenIdleSeconds: null,
  refreshTokenFixedSeconds: null,
};

/** What the decision needs to know of a provider, without the power to ask it. */
type Rules = Pick<ProviderRules, "policy" | "fingerprint" | "client" | "grantHash">;

/** What one attempt brought, before anything is decided about it. */
export interface Attempted {
  readonly outcome: Outcome;
  readonly rules: Rules;
  /** When the request was sent, and when its answer was judged. */
  readonly askedAt: Date;
  readonly answeredAt: Date;
}

/**
 * Opens the tokens and asks the provider once: open → request → classify.
 *
 * After an abandoned lease nothing is sent: the lost attempt is judged first, by the same rules as any other lost answer.
 */
export async function attempt(lease: Lease, deps: RefreshDeps): Promise<Attempted> {
  const askedAt = deps.now();
  const rules = await deps.providerOf(lease.connection);
  if (rules.kind === "known")
    return { outcome: await outcomeOf(lease, rules, deps), rules, askedAt, answeredAt: deps.now() };
  const unknown = { policy: unspendable, fingerprint: noRegistration, client: noRegistration, grantHash: () => null };
  return { outcome: withoutRules(rules), rules: unknown, askedAt, answeredAt: deps.now() };
}

/** Nothing was sent. What may be known in a moment is held against nobody, and tried again soon. */
function withoutRules({ kind, reason }: Exclude<FoundRules, ProviderRules>): Outcome {
  return kind === "unread" ? { kind: "unsent", reason } : misconfigured(reason);
}

/** Stands for the fingerprint of a registration that is not set. */
export const noRegistration = "unset";

const misconfigured = (reason: string): Outcome => ({ kind: "misconfigured", reason, httpStatus: null });

async function outcomeOf(lease: Lease, rules: ProviderRules, deps: RefreshDeps): Promise<Outcome> {
  if (lease.abandonedSince === null) return ask(lease, rules, deps);
  const reason = `a process died during the attempt of ${lease.abandonedSince.toISOString()}`;
  return { kind: "uncertain", reason, httpStatus: null };
}

async function ask(lease: Lease, rules: ProviderRules, deps: RefreshDeps): Promise<Outcome> {
  const { connection } = lease;
  const spent = { refresh_token: connection.refreshToken, access_token: connection.accessToken, nothing: null };
  if (spent[rules.policy.spends] === null) return { kind: "nothing_to_spend" };
  let tokens: PlainTokens;
  try {
    tokens = open(lease, rules, deps);
  } catch (error) {
    return unopened(error);
  }
  const answer = await rules.ask(connection, tokens, lease.sendBy);
  return isOutcome(answer) ? answer : rules.classify(answer, tokens, deps.now());
}

/** A key that this process lacks is our fault, and everybody's; a text that does not open is this connection's alone. */
function unopened(error: unknown): Outcome {
  const reason = error instanceof Error ? error.message : "the ciphertext does not open";
  const keyMissing = error instanceof Error && "code" in error && error.code === "unknown_key";
  return keyMissing ? misconfigured(reason) : { kind: "unreadable", reason };
}

function isOutcome(answer: Awaited<ReturnType<ProviderRules["ask"]>>): answer is Outcome {
  return answer.kind !== "response" && answer.kind !== "failure";
}

/** Opens only what this provider spends. */
function open({ connection }: Lease, { policy }: Rules, { vault }: RefreshDeps): PlainTokens {
  const { accessToken, refreshToken } = connection;
  return {
    accessToken:
      policy.spends === "access_token" && accessToken !== null
        ? vault.open(accessToken, connection, "access_token")
        : null,
    refreshToken:
      policy.spends === "refresh_token" && refreshToken !== null
        ? vault.open(refreshToken, connection, "refresh_token")
        : null,
  };
}
