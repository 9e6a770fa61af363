import { defineProvider } from "../provider.ts";
import { rotated } from "./shared/rfc-samples.ts";

// The org's own authorization server. Custom ones (/oauth2/<id>, own domains): a generic provider with their issuer.
export default defineProvider({
  id: "okta",
  name: "Okta",
  docs: "https://developer.okta.com/docs/guides/refresh-tokens/main/",
  authorizeUrl: "https://{domain}/oauth2/v1/authorize",
  tokenUrl: "https://{domain}/oauth2/v1/token",
  placeholders: {
    domain: { pattern: "[a-z0-9][a-z0-9-]*\\.(okta|oktapreview|okta-emea)\\.com", example: "acme.okta.com" },
  },
  clientAuth: "basic",
  scopes: [
    { scope: "openid", why: "tells which account was connected" },
    { scope: "profile", why: "shows the account's name to its owner" },
    { scope: "offline_access", why: "without it there is no refresh token" },
  ],
  pkce: "supported",
  // Rotation and its grace period (0 to 60 s) are settings of the application; reuse after it ends the whole grant.
  policy: { lifetimeSeconds: 3600, rotation: { kind: "single_use" } },
  // In the words of its own API: https://github.com/okta/okta-idx-java/issues/500
  errors: [{ where: { errorCode: "invalid_client" }, judged: "misconfigured" }],
  // Limits are the org's, and every customer has its own.
  throttle: { scope: "connection", header: { name: "x-rate-limit-reset", unit: "epoch" } },
  revoke: { url: "https://{domain}/oauth2/v1/revoke" },
  identity: { url: "https://{domain}/oauth2/v1/userinfo", id: "sub", name: "name" },
  unconfirmed: ["the text of the answer to a wrong client"],
  samples: [
    rotated(3600, { scope: "openid profile offline_access", id_token: "e30.e30.x" }),
    {
      // https://support.okta.com/help/s/article/okta-refresh-token-invalid-or-expired-error-error-invalid-grant-error-description-the-refresh-token-is-invalid-or-expired
      name: "refresh token spent, expired or withdrawn",
      judged: "denied",
      status: 400,
      body: { error: "invalid_grant", error_description: "The refresh token is invalid or expired." },
    },
    {
      name: "wrong secret",
      judged: "misconfigured",
      status: 401,
      body: {
        error: "invalid_client",
        error_description: "The client secret supplied for a confidential client is invalid.",
      },
    },
    {
      name: "client id unknown",
      judged: "misconfigured",
      status: 401,
      body: {
        errorCode: "invalid_client",
        errorSummary: "Invalid value for 'client_id' parameter.",
        errorLink: "invalid_client",
        errorId: "oaeS1WCm9sf",
        errorCauses: [],
      },
    },
    {
      name: "throttled",
      judged: "throttled",
      status: 429,
      // 90 seconds after the time at which the contract suite judges.
      headers: { "x-rate-limit-reset": "1795176090" },
      body: { errorCode: "E0000047", errorSummary: "API call exceeded rate limit due to too many requests." },
      expect: { scope: "connection", retryAfterMs: 90_000 },
    },
    {
      name: "trouble",
      judged: "transient",
      status: 500,
      body: { errorCode: "E0000009", errorSummary: "Internal Server Error" },
    },
  ],
});
