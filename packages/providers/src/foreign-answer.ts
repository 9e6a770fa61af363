import { fillTemplate } from "./fill-template.ts";
import type { Provider } from "./provider.ts";

/**
 * Why an answer to an authorization request is not this provider's (RFC 9207 section 2.4, against mix-up, RFC 9700 section 4.4). Where
 * nobody has stated the issuer it must be of the server that the user was sent to.
 *
 * @param iss as it came back; undefined: none did
 * @returns null: nothing speaks against it
 */
export function whyForeign(
  provider: Provider,
  iss: string | undefined,
  metadata: Readonly<Record<string, string>>,
): string | null {
  const stated = provider.iss ?? (provider.issuer === null ? null : { issuer: provider.issuer, always: false });
  if (iss === undefined)
    return stated?.always === true ? "its server always says who it is, and this answer does not" : null;
  if (stated !== null) {
    return iss === fillTemplate(provider, stated.issuer, metadata) ? null : "another issuer than the provider's";
  }
  if (provider.authorizeUrl === null) return null;
  const asked = new URL(fillTemplate(provider, provider.authorizeUrl, metadata)).origin;
  return URL.parse(iss)?.origin === asked
    ? null
    : "another server than the one asked: state `iss` if both are the provider's";
}
