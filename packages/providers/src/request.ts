import type { Connection, PlainTokens } from "@evertoken/core";
import { EndpointFault, fillTemplate } from "./fill-template.ts";
import { type HttpRequest, httpRequest, type Registration } from "./http-request.ts";
import type { Provider } from "./provider.ts";
import type { Grant } from "./provider-schema.ts";

export interface GrantInput {
  readonly registration: Registration;
  readonly connection: Pick<Connection, "metadata" | "scopes">;
  readonly tokens: PlainTokens;
}

/**
 * The request that refreshes a token set (RFC 6749 section 6). Pure. Throws EndpointFault when the connection's metadata does not
 * fit the endpoint, and TypeError when there is no token to spend: the caller asks for that first.
 */
export function refreshRequest(provider: Provider, { registration, connection, tokens }: GrantInput): HttpRequest {
  const { spends } = provider.policy;
  const spent =
    spends === "refresh_token" ? tokens.refreshToken : spends === "access_token" ? tokens.accessToken : null;
  if (spent === null) throw new TypeError(`${provider.id}: no token to spend`);
  return grantRequest(
    provider,
    provider.refresh,
    { grantType: "refresh_token", tokenParameter: "refresh_token" },
    {
      registration,
      metadata: connection.metadata,
      token: spent,
      scopes: connection.scopes,
    },
  );
}

/** The request that swaps an authorization code for tokens (RFC 6749 section 4.1.3, RFC 7636 section 4.5). */
export function codeRequest(
  provider: Provider,
  input: {
    readonly registration: Registration;
    readonly code: string;
    readonly redirectUri: string;
    readonly codeVerifier?: string | null;
    readonly metadata?: Readonly<Record<string, string>>;
  },
): HttpRequest {
  const verifier = input.codeVerifier ?? null;
  return grantRequest(
    provider,
    provider.code,
    { grantType: "authorization_code", tokenParameter: "code" },
    {
      registration: input.registration,
      metadata: input.metadata ?? {},
      token: input.code,
      scopes: [],
      parameters: { redirect_uri: input.redirectUri, ...(verifier === null ? {} : { code_verifier: verifier }) },
    },
  );
}

/** The request that swaps a fresh short-lived access token for a long-lived one; null where a provider has no such thing. */
export function longLivedRequest(
  provider: Provider,
  { registration, connection, tokens }: GrantInput,
): HttpRequest | null {
  if (provider.longLived === undefined || tokens.accessToken === null) return null;
  return grantRequest(
    provider,
    provider.longLived,
    { grantType: null, tokenParameter: "access_token" },
    {
      registration,
      metadata: connection.metadata,
      token: tokens.accessToken,
      scopes: connection.scopes,
    },
  );
}

/** The request that ends the grant (RFC 7009 and its variants); null where it cannot be ended or there is no token to end it with. */
export function revokeRequest(
  provider: Provider,
  { registration, connection, tokens }: GrantInput,
): HttpRequest | null {
  const { revoke } = provider;
  if (revoke === null) return null;
  const token = revoke.token === "refresh_token" ? tokens.refreshToken : tokens.accessToken;
  if (token === null) return null;
  const url = fillTemplate(provider, revoke.url, connection.metadata)
    .replaceAll("{token}", encodeURIComponent(token))
    .replaceAll("{client_id}", encodeURIComponent(registration.clientId));
  const request = httpRequest(provider, {
    url,
    method: revoke.method,
    clientAuth: revoke.clientAuth ?? provider.clientAuth,
    encoding: revoke.encoding ?? provider.encoding,
    parameters: revoke.tokenAs === "bearer" || revoke.tokenParameter === null ? {} : { [revoke.tokenParameter]: token },
    registration,
  });
  if (revoke.tokenAs !== "bearer") return request;
  return { ...request, headers: { ...request.headers, authorization: `Bearer ${token}` } };
}

/** Every value of a request that must not show up in a reason: pass it to `classify`. */
export function sentSecrets({ registration, tokens }: Pick<GrantInput, "registration" | "tokens">): string[] {
  return [registration.clientSecret, tokens.refreshToken, tokens.accessToken, registration.clientId].filter(
    (value): value is string => value !== null && value !== "",
  );
}

function grantRequest(
  provider: Provider,
  grant: Grant,
  usual: { grantType: string | null; tokenParameter: string },
  input: {
    registration: Registration;
    metadata: Readonly<Record<string, string>>;
    token: string;
    scopes: readonly string[];
    parameters?: Record<string, string>;
  },
): HttpRequest {
  const template = grant.url ?? provider.tokenUrl;
  if (template === null) throw new EndpointFault(`${provider.id}: no token endpoint (was its issuer discovered?)`);
  const grantType = grant.grantType === undefined ? usual.grantType : grant.grantType;
  const scopes = grant.sendScopes && input.scopes.length > 0 ? input.scopes.join(provider.scopeSeparator) : null;
  return httpRequest(provider, {
    url: fillTemplate(provider, template, input.metadata),
    clientAuth: grant.clientAuth ?? provider.clientAuth,
    encoding: grant.encoding ?? provider.encoding,
    parameters: {
      ...(grantType === null ? {} : { grant_type: grantType }),
      [grant.tokenParameter ?? usual.tokenParameter]: input.token,
      ...input.parameters,
      ...(scopes === null ? {} : { scope: scopes }),
      ...grant.parameters,
    },
    registration: input.registration,
  });
}
