import { createHash, randomBytes } from "node:crypto";
import got from "got";
import { followAuthorization } from "./follow-authorization.ts";

export type ObtainGrantOptions = {
  issuer: string;
  clientId: string;
  clientSecret: string;
  redirectUri: string;
  login: string;
  scope?: string;
};

/** RFC 6749 section 5.1, on the wire. */
export type TokenResponse = {
  access_token: string;
  refresh_token: string;
  token_type: string;
  expires_in: number;
  scope: string;
  id_token?: string;
};

const random = () => randomBytes(32).toString("base64url");

/** A real authorization code flow with PKCE (RFC 6749 section 4.1, RFC 7636), for a demo account that nobody clicks for. */
export async function obtainGrant(options: ObtainGrantOptions): Promise<TokenResponse> {
  const { issuer, clientId, clientSecret, redirectUri, login, scope = "openid profile email offline_access" } = options;
  const [state, verifier] = [random(), random()];
  const authorizeUrl = new URL("/auth", issuer);
  authorizeUrl.search = new URLSearchParams({
    response_type: "code",
    client_id: clientId,
    redirect_uri: redirectUri,
    scope,
    prompt: "consent",
    state,
    code_challenge: createHash("sha256").update(verifier).digest("base64url"),
    code_challenge_method: "S256",
  }).toString();

  const { searchParams } = await followAuthorization({ authorizeUrl: authorizeUrl.href, redirectUri, login });
  const code = searchParams.get("code");
  if (code === null) throw new Error(`the authorization server refused: ${searchParams.get("error")}`);
  if (searchParams.get("state") !== state) throw new Error("the answer belongs to another request: wrong state");
  if (searchParams.get("iss") !== issuer) throw new Error("the answer comes from another server: wrong iss (RFC 9207)");

  return got
    .post(new URL("/token", issuer), {
      username: encodeURIComponent(clientId),
      password: encodeURIComponent(clientSecret),
      form: { grant_type: "authorization_code", code, redirect_uri: redirectUri, code_verifier: verifier },
      retry: { limit: 0 },
      timeout: { request: 10_000 },
    })
    .json<TokenResponse>();
}
