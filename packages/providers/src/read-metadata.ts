import type { RawAnswer } from "@evertoken/core";
import type { Provider } from "./provider.ts";
import type { ClientAuth } from "./provider-schema.ts";
import { at, readBody } from "./read-body.ts";

/** `document`: whether there was metadata to judge at all. */
export type MetadataReading =
  | { readonly kind: "read"; readonly provider: Provider }
  | { readonly kind: "refused"; readonly reason: string; readonly document: boolean }
  | { readonly kind: "unreachable"; readonly reason: string; readonly document: false };

/**
 * A provider with the endpoints of its issuer's metadata; those that it states itself win. Refused: metadata that names another
 * issuer (RFC 8414 section 3.3: it must be exactly the same), that leads from https to http, or that lacks an endpoint we need.
 */
export function readMetadata(provider: Provider, answer: RawAnswer): MetadataReading {
  if (answer.kind === "failure") return { kind: "unreachable", reason: `no answer (${answer.code})`, document: false };
  const { status } = answer;
  if (status >= 500 || [408, 425, 429].includes(status)) {
    return { kind: "unreachable", reason: `HTTP ${status}`, document: false };
  }
  if (status !== 200) return refuse(`HTTP ${status} at its well-known addresses`, false);
  const { fields } = readBody(answer.body);
  if (fields === null) return refuse("its metadata is no JSON object", false);
  if (at(fields, "issuer") !== provider.issuer) return refuse("its metadata names another issuer");
  const endpoints = readEndpoints(provider, fields);
  return typeof endpoints === "string" ? refuse(endpoints) : { kind: "read", provider: { ...provider, ...endpoints } };
}

function refuse(reason: string, document = true): MetadataReading {
  return { kind: "refused", reason, document };
}

/** @returns the endpoints, or what is wrong with them */
function readEndpoints(provider: Provider, fields: Readonly<Record<string, unknown>>): Partial<Provider> | string {
  const urls: Record<string, string | null> = {};
  for (const name of [
    "authorization_endpoint",
    "token_endpoint",
    "revocation_endpoint",
    "userinfo_endpoint",
  ] as const) {
    const value = at(fields, name) ?? null;
    const url = value === null ? null : safeUrl(value, provider.issuer);
    if (value !== null && url === null) return `${name} must be a URL that starts with https://`;
    urls[name] = url;
  }
  const authorizeUrl = provider.authorizeUrl ?? urls.authorization_endpoint ?? null;
  const tokenUrl = provider.tokenUrl ?? urls.token_endpoint ?? null;
  if (tokenUrl === null) return "token_endpoint is missing";
  if (authorizeUrl === null) return "authorization_endpoint is missing";
  const always = at(fields, "authorization_response_iss_parameter_supported") === true;
  return {
    iss: provider.iss ?? (provider.issuer === null ? null : { issuer: provider.issuer, always }),
    authorizeUrl,
    tokenUrl,
    clientAuth: clientAuthOf(provider.clientAuth, at(fields, "token_endpoint_auth_methods_supported")),
    revoke: provider.revoke ?? (urls.revocation_endpoint ? { ...plainRevoke, url: urls.revocation_endpoint } : null),
    identity: provider.identity ?? (urls.userinfo_endpoint ? { ...plainIdentity, url: urls.userinfo_endpoint } : null),
  };
}

const plainRevoke = { method: "POST", token: "refresh_token", tokenParameter: "token", tokenAs: "parameter" } as const;
const plainIdentity = { headers: {}, id: "sub", name: "name" };

const methods: Readonly<Record<string, ClientAuth>> = {
  client_secret_basic: "basic",
  client_secret_post: "post",
  none: "none",
};

/** What the provider states, unless the server lists its ways and that is not among them: every refresh would fail. */
function clientAuthOf(stated: ClientAuth, listed: unknown): ClientAuth {
  if (!Array.isArray(listed)) return stated;
  const known = listed.flatMap((method) => methods[String(method)] ?? []);
  // Metadata does not tell whether Basic is form-encoded.
  if (known.length === 0 || known.includes(stated === "basic_plain" ? "basic" : stated)) return stated;
  return known.find((way) => way !== "none") ?? stated;
}

/** Metadata may not lead from https to http. */
function safeUrl(value: unknown, issuer: string | null): string | null {
  if (typeof value !== "string" || !URL.canParse(value)) return null;
  const { protocol } = new URL(value);
  return protocol === "https:" || (protocol === "http:" && issuer?.startsWith("http:") === true) ? value : null;
}
