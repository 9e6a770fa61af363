import { type Connection, noRegistration, type Outcome, type ProviderRules } from "@evertoken/core";
import {
  classify,
  EndpointFault,
  type Exchange,
  type Providers,
  refreshRequest,
  sentSecrets,
} from "@evertoken/providers";

/** A provider's data, the exchange and the judgement, put together as the refresh path wants them. */
export function providerRules(
  providers: Providers,
  exchange: Exchange,
  connection: Connection,
): ProviderRules | { misconfigured: string } {
  const configured = providers.get(connection.provider);
  if (configured === undefined) return { misconfigured: `provider ${connection.provider} is not known here` };
  const { provider, registration, policy, secretFingerprint } = configured;
  if (policy.spends === "nothing") return { ...nothingToAsk, policy };
  if (registration === null) return { misconfigured: `no client registration is set for ${connection.provider}` };
  if (!configured.configured) return { misconfigured: `the token endpoint of ${connection.provider} is not known yet` };
  return {
    policy,
    fingerprint: secretFingerprint ?? noRegistration,
    async ask(asked, tokens) {
      try {
        return await exchange(refreshRequest(provider, { registration, connection: asked, tokens }));
      } catch (error) {
        if (error instanceof EndpointFault) return endpointFault(error);
        throw error;
      }
    },
    classify: (answer, tokens, now) => classify(provider, answer, now, sentSecrets({ registration, tokens })),
  };
}

/** The connection's own facts do not make an endpoint: nothing was sent, and no other connection is concerned. */
function endpointFault(error: EndpointFault): Outcome {
  return { kind: "unknown", reason: error.message, httpStatus: 0 };
}

const nothingToAsk: Omit<ProviderRules, "policy"> = {
  fingerprint: noRegistration,
  ask: async () => ({ kind: "nothing_to_spend" }),
  classify: () => ({ kind: "nothing_to_spend" }),
};
