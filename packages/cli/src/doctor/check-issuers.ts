import type { Config, Env } from "@evertoken/adapters";
import { createExchange, discoverEndpoints, type ProviderSettings } from "@evertoken/providers";
import { type Finding, fail, ok } from "./finding.ts";

const answerWithinMs = 5000;

/** Asks every issuer of the settings for its endpoints, as the processes do. */
export async function checkIssuers(settings: ProviderSettings, { request }: Config, env: Env): Promise<Finding[]> {
  const asked = settings.providers.filter(({ provider }) => provider.issuer !== null);
  if (asked.length === 0) return [];
  const { timeoutMs, allowPrivateAddresses } = request;
  const exchange = createExchange({ timeoutMs, allowPrivateAddresses, proxyEnv: env });
  const signal = AbortSignal.timeout(answerWithinMs);
  const { waiting } = await discoverEndpoints(settings, (each) => exchange(each, { signal }));
  exchange.close();
  const advice = "put its issuer right, or state its endpoints (_TOKEN_URL, _AUTHORIZE_URL); only this provider waits";
  const findings = [...waiting].map(([id, reason]) => fail("issuers", `${id} waits: ${reason}`, advice));
  return findings.length > 0 ? findings : [ok("issuers", asked.map(({ provider }) => provider.id).join(", "))];
}
