import type { GrantedTokens, Outcome } from "@evertoken/core";
import {
  type ConfiguredProvider,
  classify,
  codeRequest,
  EndpointFault,
  type HttpRequest,
  longLivedRequest,
  type Registration,
  sentSecrets,
} from "@evertoken/providers";
import type { Engine } from "../engine.ts";
import { ConnectRefused } from "./connect-refusal.ts";
import type { StoredFlow } from "./oauth-states.ts";

const noTokens = { accessToken: null, refreshToken: null };

/**
 * Swaps the code for tokens, and a short-lived token for a long-lived one where the provider has such a thing. A code is good once, so
 * the first request is never repeated; the second one may be.
 *
 * @throws {ConnectRefused}
 */
export async function exchangeCode(
  engine: Engine,
  configured: ConfiguredProvider,
  registration: Registration,
  flow: StoredFlow,
  code: string,
): Promise<GrantedTokens> {
  const { provider } = configured;
  const { redirectUri, metadata } = flow;
  const codeVerifier = provider.pkce === "no" ? null : flow.codeVerifier;
  const secrets = [code, codeVerifier ?? "", ...sentSecrets({ registration, tokens: noTokens })];
  const request = built(() => codeRequest(provider, { registration, code, redirectUri, codeVerifier, metadata }));
  const granted = grantedOr(classify(provider, await engine.exchange(request), engine.clock.now(), secrets));

  const tokens = { accessToken: granted.accessToken, refreshToken: null };
  const connection = { metadata: { ...metadata, ...granted.metadata }, scopes: granted.scopes ?? flow.scopes };
  const swap = built(() => longLivedRequest(provider, { registration, connection, tokens }));
  if (swap === null) return granted;
  const ask = async () =>
    classify(provider, await engine.exchange(swap), engine.clock.now(), sentSecrets({ registration, tokens }));
  const longLived = grantedOr(await twice(ask));
  return {
    ...longLived,
    scopes: longLived.scopes ?? granted.scopes,
    metadata: { ...granted.metadata, ...longLived.metadata },
  };
}

/** Asks once more after trouble that may be over. */
async function twice(ask: () => Promise<Outcome>): Promise<Outcome> {
  const first = await ask();
  return ["transient", "unsent", "uncertain"].includes(first.kind) ? ask() : first;
}

function built<T extends HttpRequest | null>(request: () => T): T {
  try {
    return request();
  } catch (error) {
    if (error instanceof EndpointFault) throw new ConnectRefused("invalid_client", error.message);
    throw error;
  }
}

function grantedOr(outcome: Outcome): GrantedTokens {
  switch (outcome.kind) {
    case "granted":
      return outcome.tokens;
    case "denied":
      throw new ConnectRefused("code_invalid", outcome.reason);
    case "misconfigured":
      throw new ConnectRefused("invalid_client", outcome.reason);
    case "throttled":
      throw new ConnectRefused("rate_limited", outcome.reason);
    case "unsent":
    case "transient":
    case "uncertain":
      throw new ConnectRefused("provider_unavailable", outcome.reason);
    case "unknown":
    case "unreadable":
    case "unaddressable":
      throw new ConnectRefused("unknown_answer", outcome.reason);
    case "nothing_to_spend":
      throw new ConnectRefused("unknown_answer");
    default:
      return outcome satisfies never;
  }
}
