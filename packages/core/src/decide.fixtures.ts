import type { Blame } from "./blame.ts";
import type { Connection, Sealed } from "./connection.ts";
import type { DecisionContext } from "./decision-context.ts";
import type { Surroundings } from "./fault.ts";
import type { GrantedTokens, Outcome } from "./outcome.ts";
import type { RefreshPolicy } from "./policy.ts";
import { defaultTiming } from "./timing.ts";

export const now = new Date("2026-11-21T12:00:00Z");
export const minute = 60_000;
export const hour = 60 * minute;
export const day = 24 * hour;
export const at = (ms: number) => new Date(now.getTime() + ms);

/** Connected, five minutes before its end. */
export function connection(overrides: Partial<Connection> = {}): Connection {
  return {
    id: "0f6f5e0c-6d3c-4b51-9a53-5d8c0f3a2b11",
    userId: "user",
    provider: "acme",
    registration: "default",
    externalAccountId: "account",
    authType: "oauth2",
    status: "connected",
    accessToken: "sealed access" as Sealed,
    refreshToken: "sealed refresh" as Sealed,
    tokenType: "Bearer",
    scopes: ["read", "write"],
    expiresAt: at(5 * minute),
    refreshTokenExpiresAt: null,
    client: null,
    generation: 7,
    nextRefreshAt: now,
    notBefore: null,
    failingSince: null,
    consecutiveFailures: 0,
    lostAnswers: 0,
    connectedAt: at(-day),
    metadata: {},
    ...overrides,
  };
}

export const policy: RefreshPolicy = {
  spends: "refresh_token",
  lifetimeSeconds: 1800,
  marginSeconds: null,
  minimumAgeSeconds: 0,
  rotation: { kind: "single_use" },
  refreshTokenIdleSeconds: null,
  refreshTokenFixedSeconds: null,
};

/** What a test gives of a context; of the blame, only what matters to it. */
export type Given = Partial<Omit<DecisionContext, "blame">> & { readonly blame?: Partial<Blame> };

export function context({ blame, ...overrides }: Given = {}): DecisionContext {
  const timing = { ...defaultTiming, spreadMs: 0 };
  return {
    ...{ now, askedAt: at(-1000), policy, timing, random: 0, forced: false, around: null },
    blame: { probing: false, own: false, foreignClient: null, secret: "proven", ...blame },
    ...overrides,
  };
}

/** Nobody else met the same lately, and no circuit is open. */
export function surroundings(overrides: Partial<Surroundings> = {}): Surroundings {
  return {
    ...{ others: 0, granted: 0, grantedSinceClosed: 0, usual: 0, times: 1, firstAt: null },
    ...{ code: null, since: null, reopened: 0, believed: false, suspected: false },
    ...overrides,
  };
}

export function granted(tokens: Partial<GrantedTokens> = {}): Outcome {
  const plain: GrantedTokens = {
    accessToken: "new access",
    refreshToken: "new refresh",
    tokenType: "Bearer",
    expiresIn: 1800,
    refreshTokenExpiresIn: null,
    scopes: null,
    metadata: {},
    notes: [],
  };
  return { kind: "granted", tokens: { ...plain, ...tokens }, httpStatus: 200 };
}

const reason = "as the provider said";

/** One of each kind that is not a grant. */
export const setbacks = {
  denied: { kind: "denied", reason, httpStatus: 400 },
  misconfigured: { kind: "misconfigured", reason, httpStatus: 401 },
  throttled: { kind: "throttled", scope: "connection", retryAfterMs: 7000, reason, httpStatus: 429 },
  unsent: { kind: "unsent", reason },
  transient: { kind: "transient", reason, retryAfterMs: null, httpStatus: 503 },
  uncertain: { kind: "uncertain", reason, httpStatus: null },
  unknown: { kind: "unknown", reason, httpStatus: 418 },
  nothing_to_spend: { kind: "nothing_to_spend" },
  unreadable: { kind: "unreadable", reason },
  unaddressable: { kind: "unaddressable", reason },
} as const satisfies { [Kind in Exclude<Outcome["kind"], "granted">]: Extract<Outcome, { kind: Kind }> };
