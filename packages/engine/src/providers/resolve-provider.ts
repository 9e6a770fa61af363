import { defineProvider, discover, findUnsafeEndpoints, type Provider, type ProviderInput } from "@evertoken/providers";
import type { Engine } from "../engine.ts";
import { EvertokenError } from "../evertoken-error.ts";
import { refused, type StatedProvider } from "./provider-source.ts";

/** Both well-known addresses of an issuer, together. */
const answerWithinMs = 10_000;

const allowing = "or set EVERTOKEN_ALLOW_PRIVATE_ADDRESSES=true";

/** A definition that can be used as it is, and the provider that it makes. */
export interface ResolvedProvider {
  readonly definition: Record<string, unknown>;
  readonly provider: Provider;
  /** As it was stated: an endpoint that does not stand in it is what the issuer says. */
  readonly stated: Readonly<Record<string, unknown>>;
}

/**
 * Checks where the endpoints lead, and asks the issuer for those that are not stated. They are kept with the definition, so that no
 * process depends on the issuer to start.
 *
 * @throws {EvertokenError} `invalid_input`; `provider_refused` for metadata that is wrong; `provider_unavailable` for an issuer that does
 *   not answer
 */
export async function resolveProvider(engine: Engine, { definition }: StatedProvider): Promise<ResolvedProvider> {
  const { allowPrivateAddresses } = engine.config.request;
  const stated = defineProvider(definition as ProviderInput);
  const unsafe = allowPrivateAddresses ? [] : findUnsafeEndpoints(stated);
  if (unsafe.length > 0) throw refused(unsafe.map((fault) => `${fault} (${allowing})`));
  if (stated.issuer === null) return { definition, provider: stated, stated: definition };
  const provider = await askIssuer(engine, stated, stated.issuer);
  const led = allowPrivateAddresses ? [] : findUnsafeEndpoints(provider);
  if (led.length > 0) throw wrongMetadata(`its metadata leads elsewhere: ${led.join(", ")} (${allowing})`);
  const { iss, authorizeUrl, tokenUrl, clientAuth, revoke, identity } = provider;
  return {
    definition: { ...definition, iss, authorizeUrl, tokenUrl, clientAuth, revoke, identity },
    provider,
    stated: definition,
  };
}

async function askIssuer({ exchange }: Engine, stated: Provider, issuer: string): Promise<Provider> {
  const signal = AbortSignal.timeout(answerWithinMs);
  const reading = await discover(stated, issuer, (request) => exchange(request, { signal }));
  if (reading.kind === "read") return reading.provider;
  if (reading.kind === "refused") throw wrongMetadata(reading.reason);
  if (reading.reason.includes("ERR_PRIVATE_ADDRESS")) throw wrongMetadata(`is at a private address (${allowing})`);
  throw new EvertokenError(
    "provider_unavailable",
    `issuer: ${reading.reason}. Nothing was stored: try again once it answers, or state the endpoints in its place`,
  );
}

function wrongMetadata(reason: string): EvertokenError {
  return new EvertokenError("provider_refused", `issuer: ${reason}`);
}
