import { VaultError } from "@evertoken/adapters";
import { type Connection, type FoundRules, noRegistration, type Outcome, type ProviderRules } from "@evertoken/core";
import {
  type ConfiguredProvider,
  classify,
  clientOf,
  EndpointFault,
  type Exchange,
  fingerprintOf,
  type Registration,
  refreshRequest,
  sentSecrets,
  tooLate,
} from "@evertoken/providers";
import type { RegistrationCache } from "../connect/registration-cache.ts";
import type { GrantHasher } from "../grants/grant-hash.ts";
import type { LiveProviders } from "../providers/live-providers.ts";
import { defaultRegistration } from "../providers/registration-names.ts";

export interface RulesDeps {
  readonly providers: LiveProviders;
  readonly registrations: RegistrationCache;
  readonly exchange: Exchange;
  readonly grants: Pick<GrantHasher, "hash">;
}

/** A provider's data, the exchange and the judgement, put together as the refresh path wants them. Never throws. */
export async function providerRules(deps: RulesDeps, connection: Connection): Promise<FoundRules> {
  let configured: ConfiguredProvider | undefined;
  try {
    configured = await deps.providers.known(connection.provider);
  } catch {
    return { kind: "unread", reason: "the provider's definition could not be read" };
  }
  if (configured === undefined)
    return { kind: "misconfigured", reason: unknownHere(deps.providers, connection.provider) };
  const { policy } = configured;
  if (policy.spends === "nothing") return { ...unaskable({ kind: "nothing_to_spend" }), policy };
  if (!hasTokenEndpoint(configured))
    return { kind: "misconfigured", reason: noEndpoint(deps.providers, connection.provider) };
  try {
    const registration = await deps.registrations.find(connection.provider, connection.registration);
    if (registration !== null) return asking(configured, registration, deps);
    return { kind: "misconfigured", reason: missing(deps.providers, connection) };
  } catch (error) {
    if (error instanceof VaultError)
      return { kind: "misconfigured", reason: `the stored client secret does not open: ${error.message}` };
    // The store is away: nothing was sent, so nothing is held against anybody, and it is tried again soon.
    return { ...unaskable({ kind: "unsent", reason: "the client registration could not be read" }), policy };
  }
}

/** What only states an issuer has none until that has answered. */
function hasTokenEndpoint({ provider }: ConfiguredProvider): boolean {
  return (provider.refresh.url ?? provider.tokenUrl) != null;
}

function asking(
  { provider, policy }: ConfiguredProvider,
  registration: Registration,
  { exchange, grants }: RulesDeps,
): ProviderRules {
  return {
    kind: "known",
    policy,
    fingerprint: fingerprintOf(registration, provider),
    client: clientOf(registration),
    grantHash: (refreshToken, metadata) => grants.hash({ provider, registration, metadata, refreshToken }),
    async ask(asked, tokens, sendBy) {
      try {
        const answer = await exchange(refreshRequest(provider, { registration, connection: asked, tokens }), {
          sendBy,
        });
        return answer.kind === "failure" && answer.code === tooLate ? stoodStill : answer;
      } catch (error) {
        // Nothing was sent, and no other connection is concerned.
        if (error instanceof EndpointFault) return { kind: "unaddressable", reason: error.message };
        throw error;
      }
    },
    classify: (answer, tokens, now) => classify(provider, answer, now, sentSecrets({ registration, tokens })),
  };
}

function unknownHere(providers: LiveProviders, id: string): string {
  const fault = providers.faults().get(id);
  return fault === undefined
    ? `provider ${id} is not known here`
    : `the stored provider ${id} cannot be used: ${fault}`;
}

function noEndpoint(providers: LiveProviders, id: string): string {
  const fault = providers.faults().get(id);
  return `the token endpoint of ${id} is not known yet${fault === undefined ? "" : `: ${fault}`}`;
}

function missing(providers: LiveProviders, { provider, registration }: Connection): string {
  if (registration !== defaultRegistration) return `the client registration ${provider}/${registration} is not stored`;
  return providers.faults().get(provider) ?? `no client registration is set for ${provider}`;
}

const stoodStill: Outcome = {
  kind: "unsent",
  reason: "this process came to it too late to be answered while the lease holds: it stood still, or the clock was set",
};

const unaskable = (outcome: Outcome): Omit<ProviderRules, "policy"> => ({
  kind: "known",
  fingerprint: noRegistration,
  client: noRegistration,
  grantHash: () => null,
  ask: async () => outcome,
  classify: () => outcome,
});
