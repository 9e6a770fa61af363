import type { RawAnswer } from "@evertoken/core";
import type { HttpRequest } from "./http-request.ts";
import type { Provider } from "./provider.ts";
import { at, readBody } from "./read-body.ts";
import type { ProviderSettings } from "./settings.ts";

/**
 * Fills in the endpoints of providers that state an `issuer` (RFC 8414, OpenID Connect Discovery 1.0). Once, at start. A provider whose
 * issuer does not answer keeps what it has, and is named in the faults: whether to start without it is the caller's choice.
 */
export async function discoverEndpoints(
  settings: ProviderSettings,
  exchange: (request: HttpRequest) => Promise<RawAnswer>,
): Promise<{ readonly settings: ProviderSettings; readonly faults: string[] }> {
  const faults: string[] = [];
  const providers = await Promise.all(
    settings.providers.map(async (entry) => {
      if (entry.provider.issuer === null) return entry;
      for (const url of metadataUrls(entry.provider.issuer)) {
        const answer = await exchange({ method: "GET", url, headers: { accept: "application/json" }, body: null });
        const provider = readMetadata(entry.provider, answer);
        if (provider !== null) return { ...entry, provider };
      }
      faults.push(`${entry.provider.id}: issuer: no usable metadata at its well-known addresses`);
      return entry;
    }),
  );
  return { settings: { ...settings, providers }, faults };
}

/** OpenID Connect appends to the issuer's path, RFC 8414 section 3.1 goes in front of it. */
export function metadataUrls(issuer: string): string[] {
  const { origin, pathname } = new URL(issuer);
  const path = pathname.replace(/\/$/, "");
  return [
    `${origin}${path}/.well-known/openid-configuration`,
    `${origin}/.well-known/oauth-authorization-server${path}`,
  ];
}

/** null when the answer is not this issuer's metadata (RFC 8414 section 3.3: it must name itself exactly). */
export function readMetadata(provider: Provider, answer: RawAnswer): Provider | null {
  if (answer.kind === "failure" || answer.status !== 200) return null;
  const { fields } = readBody(answer.body);
  const tokenUrl = urlAt(fields, "token_endpoint", provider.issuer);
  if (fields === null || at(fields, "issuer") !== provider.issuer || tokenUrl === null) return null;
  const revokeUrl = urlAt(fields, "revocation_endpoint", provider.issuer);
  const identityUrl = urlAt(fields, "userinfo_endpoint", provider.issuer);
  return {
    ...provider,
    authorizeUrl: provider.authorizeUrl ?? urlAt(fields, "authorization_endpoint", provider.issuer),
    tokenUrl: provider.tokenUrl ?? tokenUrl,
    revoke: provider.revoke ?? (revokeUrl === null ? null : { ...plainRevoke, url: revokeUrl }),
    identity:
      provider.identity ?? (identityUrl === null ? null : { url: identityUrl, headers: {}, id: "sub", name: "name" }),
  };
}

const plainRevoke = { method: "POST", token: "refresh_token", tokenParameter: "token", tokenAs: "parameter" } as const;

/** Metadata may not lead from https to http. */
function urlAt(fields: unknown, name: string, issuer: string | null): string | null {
  const value = at(fields, name);
  if (typeof value !== "string" || !URL.canParse(value)) return null;
  const { protocol } = new URL(value);
  return protocol === "https:" || (protocol === "http:" && issuer?.startsWith("http:") === true) ? value : null;
}
