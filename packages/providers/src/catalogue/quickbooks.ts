import { defineProvider } from "../provider.ts";
import { httpTrouble, rotated } from "./shared/rfc-samples.ts";

export default defineProvider({
  id: "quickbooks",
  name: "QuickBooks",
  docs: "https://developer.intuit.com/app/developer/qbo/docs/develop/authentication-and-authorization/oauth-2.0",
  // https://developer.api.intuit.com/.well-known/openid_configuration
  iss: { issuer: "https://oauth.platform.intuit.com/op/v1" },
  authorizeUrl: "https://appcenter.intuit.com/connect/oauth2",
  tokenUrl: "https://oauth.platform.intuit.com/oauth2/v1/tokens/bearer",
  clientAuth: "basic",
  scopes: [{ scope: "com.intuit.quickbooks.accounting", why: "the only scope of the accounting API" }],
  // The refresh token's value changes about daily, and Intuit is said to take two uses of one for theft and to end the grant.
  policy: { lifetimeSeconds: 3600, rotation: { kind: "single_use" }, refreshTokenIdleSeconds: 8_640_000 },
  // Asks for the five years' end too, which no refresh moves: https://github.com/intuit/QuickBooks-V3-Java-SDK/releases/tag/v6.5.4
  headers: { "x-include-refresh-token-hard-expires-in": "true" },
  errors: [
    {
      where: { error: "invalid_grant", error_description: { pattern: "token type or clientID" } },
      judged: "misconfigured",
    },
  ],
  revoke: { url: "https://developer.api.intuit.com/v2/oauth2/tokens/revoke", encoding: "json" },
  // A grant is for one company, and its id, which every call of the API needs, is told to the redirect URI alone.
  keepFromRedirect: ["realmId"],
  identity: { url: null, id: "{realmId}", name: "{realmId}" },
  unconfirmed: ["the daily change of the refresh token, and what becomes of a grant when the one before is used"],
  samples: [
    {
      ...rotated(3600, { x_refresh_token_expires_in: 8_640_000, x_refresh_token_hard_expires_in: 157_680_000 }),
      expect: { refreshToken: "refresh-new", refreshTokenExpiresIn: 8_640_000 },
    },
    {
      ...rotated(3600, { x_refresh_token_expires_in: 8_640_000, x_refresh_token_hard_expires_in: 86_400 }),
      name: "refreshed on the last day of the five years",
      expect: { refreshToken: "refresh-new", refreshTokenExpiresIn: 86_400 },
    },
    {
      // https://github.com/intuit/oauth-jsclient/issues/77
      name: "access withdrawn",
      judged: "denied",
      status: 400,
      headers: { intuit_tid: "1-x" },
      body: { error: "invalid_grant" },
    },
    {
      name: "a token of another app",
      judged: "misconfigured",
      status: 400,
      body: { error: "invalid_grant", error_description: "Incorrect Token type or clientID" },
    },
    { name: "wrong secret", judged: "misconfigured", status: 401, body: { error: "invalid_client" } },
    ...httpTrouble,
  ],
});
