import type { OpenIdSettings } from "@evertoken/adapters";
import type { Role } from "@evertoken/operations";
import * as oidc from "openid-client";

/** What has to be the same when the browser comes back. Kept by the browser, sealed. */
export interface OpenIdFlow {
  readonly verifier: string;
  readonly state: string;
  readonly nonce: string;
}

export type OpenIdAnswer =
  | { readonly kind: "known"; readonly name: string; readonly role: Role; readonly subject: string }
  | { readonly kind: "no_role"; readonly name: string; readonly subject: string }
  | { readonly kind: "refused"; readonly why: string };

/**
 * Login by authorization code with PKCE, state and nonce (OpenID Connect Core 1.0 section 3.1; RFC 9700 section 2.1). What checks
 * metadata, issuer, audience, times and nonce is `openid-client`. The ID token comes from the token endpoint over TLS, which stands for its
 * signature (OpenID Connect Core 1.0 section 3.1.3.7, 6).
 *
 * @param redirectUri `<DASHBOARD_PUBLIC_URL>/login/openid/callback`
 * @param insecure whether the provider may be reached over plain http, as in tests
 */
export function createOpenId(settings: OpenIdSettings, redirectUri: string, insecure: boolean) {
  let found: Promise<oidc.Configuration> | null = null;
  /** A failure is tried again with the next login. */
  const configuration = () => {
    found ??= discover(settings, insecure).catch((error: unknown) => {
      found = null;
      throw error;
    });
    return found;
  };

  return {
    /** @throws when the provider cannot be asked */
    async begin(): Promise<{ url: string; flow: OpenIdFlow }> {
      const flow = { verifier: oidc.randomPKCECodeVerifier(), state: oidc.randomState(), nonce: oidc.randomNonce() };
      const url = oidc.buildAuthorizationUrl(await configuration(), {
        ...{ redirect_uri: redirectUri, scope: settings.scopes, state: flow.state, nonce: flow.nonce },
        ...{ code_challenge: await oidc.calculatePKCECodeChallenge(flow.verifier), code_challenge_method: "S256" },
      });
      return { url: url.href, flow };
    },
    /** @param query as it came to the redirect URI, with its `?` */
    async finish(query: string, { verifier, state, nonce }: OpenIdFlow): Promise<OpenIdAnswer> {
      try {
        const server = await configuration();
        const checks = {
          pkceCodeVerifier: verifier,
          expectedState: state,
          expectedNonce: nonce,
          idTokenExpected: true,
        };
        const tokens = await oidc.authorizationCodeGrant(server, new URL(query, redirectUri), checks);
        const claims = tokens.claims();
        if (claims === undefined) return { kind: "refused", why: "no_id_token" };
        const told = settings.roleClaim in claims ? {} : await userInfo(server, tokens.access_token, claims.sub);
        return judge(settings, { ...told, ...claims }, claims.sub);
      } catch (error) {
        return { kind: "refused", why: codeOf(error) };
      }
    },
  };
}

export type OpenId = ReturnType<typeof createOpenId>;

function discover({ issuer, clientId, clientSecret }: OpenIdSettings, insecure: boolean): Promise<oidc.Configuration> {
  const options = insecure ? { execute: [oidc.allowInsecureRequests] } : {};
  const client = clientSecret === null ? oidc.None() : undefined;
  return oidc.discovery(new URL(issuer), clientId, clientSecret ?? undefined, client, { ...options, timeout: 10 });
}

/** Where the ID token leaves the roles out, they stand there (OpenID Connect Core 1.0 section 5.3). */
async function userInfo(server: oidc.Configuration, accessToken: string, subject: string): Promise<object> {
  if (server.serverMetadata().userinfo_endpoint === undefined) return {};
  return oidc.fetchUserInfo(server, accessToken, subject);
}

function judge(settings: OpenIdSettings, claims: Readonly<Record<string, unknown>>, subject: string): OpenIdAnswer {
  const named = claims[settings.nameClaim];
  const name = `sso:${typeof named === "string" && /^[^\p{C}]{1,128}$/u.test(named) ? named : subject}`;
  const values = [claims[settings.roleClaim]].flat();
  const has = (wanted: readonly string[]) => wanted.some((one) => values.includes(one));
  if (has(settings.operators)) return { kind: "known", name, role: "operator", subject };
  if (has(settings.viewers)) return { kind: "known", name, role: "viewer", subject };
  return { kind: "no_role", name, subject };
}

/** Of what went wrong only the code: texts come from outside. */
function codeOf(error: unknown): string {
  const { code, error: said } = error as { code?: unknown; error?: unknown };
  const text = typeof said === "string" ? said : code;
  return typeof text === "string" && /^[\w-]{1,64}$/.test(text) ? text : "failed";
}
