import { EndpointFault, type Identity, identityRequest, type Provider, readIdentity } from "@evertoken/providers";
import type { Engine } from "../engine.ts";
import { ConnectRefused } from "./connect-refusal.ts";

/** Stands for the account where a provider does not tell: then there is one connection per user and provider. */
export const unnamedAccount = "default";

/**
 * Whose token this is. Without it, two accounts of one user would be taken for one, so where the provider tells at all, it must.
 *
 * @throws {ConnectRefused}
 */
export async function accountIdentity(
  { exchange }: Engine,
  provider: Provider,
  input: { accessToken: string; clientId: string; metadata: Readonly<Record<string, string>> },
): Promise<Identity> {
  const request = requestFor(provider, input);
  if (request === null) {
    if (provider.identity === null) return { externalAccountId: unnamedAccount, displayName: null };
    const known = readIdentity(provider, null, input.metadata);
    if (known === null) throw new ConnectRefused("identity_unavailable", "not among what came back");
    return known;
  }
  for (let attempt = 1; ; attempt++) {
    const answer = await exchange(request);
    const identity = readIdentity(provider, answer, input.metadata);
    if (identity !== null) return identity;
    const status = answer.status ?? 0;
    const passing = answer.kind === "failure" || status >= 500 || status === 429;
    if (!passing) throw new ConnectRefused("identity_unavailable", `HTTP ${status}`);
    const reason = answer.kind === "failure" ? answer.code : `HTTP ${status}`;
    if (attempt === 2) throw new ConnectRefused(status === 429 ? "rate_limited" : "provider_unavailable", reason);
  }
}

function requestFor(provider: Provider, input: Parameters<typeof identityRequest>[1]) {
  try {
    return identityRequest(provider, input);
  } catch (error) {
    if (error instanceof EndpointFault) throw new ConnectRefused("invalid_client", error.message);
    throw error;
  }
}
