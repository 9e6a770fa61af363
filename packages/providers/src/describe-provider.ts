import type { Outcome } from "@evertoken/core";
import { classify } from "./classify.ts";
import type { HttpRequest } from "./http-request.ts";
import type { Provider } from "./provider.ts";
import { refreshRequest } from "./request.ts";

/** A provider in the words of an operator. Every text is fit to be printed. */
export interface ProviderDescription {
  readonly id: string;
  readonly name: string;
  readonly docs: string;
  readonly authType: Provider["authType"];
  readonly issuer: string | null;
  readonly authorizeUrl: string | null;
  readonly refreshUrl: string | null;
  readonly revokeUrl: string | null;
  readonly identityUrl: string | null;
  /** Parts of the URLs that come from a connection's metadata: what they may hold. */
  readonly placeholders: readonly { readonly name: string; readonly pattern: string; readonly usual: string | null }[];
  readonly clientAuth: string;
  readonly encoding: string;
  readonly scopes: Provider["scopes"];
  /** What the authorize URL and its scopes hold so that access survives the user's absence; null: nothing is needed. */
  readonly offlineAccess: string | null;
  readonly pkce: Provider["pkce"];
  readonly spends: Provider["policy"]["spends"];
  /** null: tokens have no end. */
  readonly lifetimeSeconds: number | null;
  /** null: the operator's default. */
  readonly marginSeconds: number | null;
  readonly rotation: string;
  readonly refreshTokenEnd: string | null;
  readonly throttleScope: "provider" | "connection";
  readonly undocumented: readonly string[];
  readonly unconfirmed: readonly string[];
}

export function describeProvider(provider: Provider): ProviderDescription {
  const { id, name, docs, authType, issuer, authorizeUrl, policy, refresh } = provider;
  const refreshes = policy.spends !== "nothing";
  return {
    ...{ id, name, docs, authType, issuer, authorizeUrl },
    refreshUrl: refreshes ? (refresh.url ?? provider.tokenUrl) : null,
    revokeUrl: provider.revoke?.url ?? null,
    identityUrl: provider.identity?.url ?? null,
    placeholders: Object.entries(provider.placeholders).map(([name, { pattern, default: usual = null }]) => ({
      ...{ name, pattern, usual },
    })),
    clientAuth: refresh.clientAuth ?? provider.clientAuth,
    encoding: refresh.encoding ?? provider.encoding,
    scopes: provider.scopes,
    offlineAccess: offlineAccess(provider),
    pkce: provider.pkce,
    spends: policy.spends,
    lifetimeSeconds: policy.lifetimeSeconds,
    marginSeconds: policy.marginSeconds,
    rotation: rotationOf(policy),
    refreshTokenEnd: refreshTokenEnd(policy),
    throttleScope: provider.throttle.scope,
    undocumented: provider.undocumented,
    unconfirmed: provider.unconfirmed,
  };
}

const shown = "CLIENT_ID";
const hidden = "***";

/** The request that a refresh would send, with every secret masked; null where nothing is refreshed. Throws EndpointFault. */
export function maskedRefreshRequest(
  provider: Provider,
  metadata: Readonly<Record<string, string>> = examples(provider),
): HttpRequest | null {
  if (provider.policy.spends === "nothing") return null;
  const request = refreshRequest(provider, {
    registration: { clientId: shown, clientSecret: hidden },
    connection: { metadata, scopes: provider.scopes.map(({ scope }) => scope) },
    tokens: { accessToken: hidden, refreshToken: hidden },
  });
  const { authorization } = request.headers;
  if (authorization?.startsWith("Basic ") !== true) return request;
  return { ...request, headers: { ...request.headers, authorization: `Basic base64(${shown}:${hidden})` } };
}

/** An answer as somebody has it in hand: from a log, a forum, a provider's page. */
export interface PastedAnswer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: string;
}

/** What an answer would mean, with the tokens that it carries masked. Never throws. */
export function judgePasted(provider: Provider, { status, headers = {}, body }: PastedAnswer, now: Date): Outcome {
  const lower = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
  const bytes = new TextEncoder().encode(body);
  const outcome = classify(provider, { kind: "response", status, headers: lower, body: bytes }, now);
  if (outcome.kind !== "granted") return outcome;
  const refreshToken = outcome.tokens.refreshToken === null ? null : hidden;
  return { ...outcome, tokens: { ...outcome.tokens, accessToken: hidden, refreshToken } };
}

function examples({ placeholders }: Provider): Record<string, string> {
  return Object.fromEntries(Object.entries(placeholders).map(([name, { example }]) => [name, example]));
}

const offlineParameters = ["access_type", "token_access_type", "duration", "prompt"];
const offlineScopes = ["offline_access", "offline.access", "offline", "refresh_token", "extended"];

function offlineAccess({ authorizeParameters, scopes }: Provider): string | null {
  const parameters = Object.entries(authorizeParameters).filter(([name]) => offlineParameters.includes(name));
  const parts = [
    ...parameters.map(([name, value]) => `${name}=${value}`),
    ...scopes.filter(({ scope }) => offlineScopes.includes(scope)).map(({ scope }) => `scope ${scope}`),
  ];
  return parts.length === 0 ? null : parts.join(", ");
}

function rotationOf({ spends, rotation }: Provider["policy"]): string {
  if (spends === "nothing") return "never refreshed";
  if (spends === "access_token") return "the access token is exchanged";
  switch (rotation.kind) {
    case "none":
      return "the refresh token stays";
    case "grace":
      return `a new one each time; the old one works ${inWords(rotation.graceSeconds)} more`;
    case "single_use":
      return "a new one each time; the old one is spent";
    default:
      return rotation satisfies never;
  }
}

function refreshTokenEnd({ refreshTokenIdleSeconds, refreshTokenFixedSeconds }: Provider["policy"]): string | null {
  const parts = [
    ...(refreshTokenIdleSeconds === null ? [] : [`${inWords(refreshTokenIdleSeconds)} unused`]),
    ...(refreshTokenFixedSeconds === null ? [] : [`${inWords(refreshTokenFixedSeconds)} after consent`]),
  ];
  return parts.length === 0 ? null : parts.join(", ");
}

/** `5184000` is `60 d`: the largest unit that leaves no more than two. */
export function inWords(seconds: number): string {
  const units: [string, number][] = [
    ["d", 86_400],
    ["h", 3600],
    ["min", 60],
    ["s", 1],
  ];
  const words: string[] = [];
  let rest = seconds;
  for (const [unit, size] of units) {
    const count = Math.floor(rest / size);
    if (count > 0) words.push(`${count} ${unit}`);
    rest -= count * size;
  }
  return words.length === 0 ? "0 s" : words.slice(0, 2).join(" ");
}
