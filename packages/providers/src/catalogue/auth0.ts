import { defineProvider } from "../provider.ts";
import { rotated } from "./shared/rfc-samples.ts";

export default defineProvider({
  id: "auth0",
  name: "Auth0",
  docs: "https://auth0.com/docs/secure/tokens/refresh-tokens/use-refresh-tokens",
  authorizeUrl: "https://{domain}/authorize",
  tokenUrl: "https://{domain}/oauth/token",
  placeholders: { domain: { pattern: "[a-z0-9][a-z0-9-]*(\\.[a-z]{2})?\\.auth0\\.com", example: "acme.eu.auth0.com" } },
  scopes: [
    { scope: "openid", why: "tells which account was connected" },
    { scope: "profile", why: "shows the account's name to its owner" },
    { scope: "offline_access", why: "without it there is no refresh token" },
  ],
  pkce: "supported",
  // Rotation is a setting of the application; with it, reuse ends the whole grant.
  policy: { lifetimeSeconds: 86_400, rotation: { kind: "single_use" } },
  errors: [
    // The tenant wants a second factor: https://github.com/auth0/Auth0.Android/issues/562
    { where: { error: "mfa_required" }, status: [401, 403], judged: "denied" },
    // The application may not refresh: https://auth0.com/docs/get-started/applications/application-grant-types
    { where: { error: "unauthorized_client" }, status: [400, 401, 403], judged: "misconfigured" },
    // Its limits at times come as a broken server: https://community.auth0.com/t/global-limit-has-been-reached/77440
    {
      where: { error: "access_denied", error_description: { pattern: "limit has been reached" } },
      judged: "throttled",
    },
    // With any other text it is a rule or an action of the tenant that denies one user:
    // https://support.auth0.com/center/s/article/troubleshooting-the-access-denied-error
    {
      where: { error: "access_denied", error_description: { pattern: "^unauthorized$" } },
      status: 401,
      judged: "misconfigured",
    },
  ],
  // Limits are the tenant's: one that is throttled must not make the others wait.
  // https://auth0.com/docs/troubleshoot/customer-support/operational-policies/rate-limit-policy
  throttle: { scope: "connection", header: { name: "x-ratelimit-reset", unit: "epoch" } },
  revoke: { url: "https://{domain}/oauth/revoke" },
  identity: { url: "https://{domain}/userinfo", id: "sub", name: "name" },
  samples: [
    rotated(86_400, { scope: "openid profile offline_access" }),
    {
      name: "refresh token unknown, spent or withdrawn",
      judged: "denied",
      status: 403,
      body: { error: "invalid_grant", error_description: "Unknown or invalid refresh token." },
    },
    {
      name: "a second factor is wanted",
      judged: "denied",
      status: 403,
      body: { error: "mfa_required", error_description: "Multifactor authentication required", mfa_token: "Fe26.2*x" },
    },
    {
      name: "the application may not refresh",
      judged: "misconfigured",
      status: 403,
      body: {
        error: "unauthorized_client",
        error_description: "Grant type 'refresh_token' not allowed for the client.",
      },
    },
    {
      name: "wrong secret",
      judged: "misconfigured",
      status: 401,
      body: { error: "access_denied", error_description: "Unauthorized" },
    },
    {
      name: "one user denied by a rule of the tenant",
      judged: "unknown",
      status: 401,
      body: { error: "access_denied", error_description: "You can't log in" },
    },
    {
      name: "throttled",
      judged: "throttled",
      status: 429,
      body: { error: "too_many_attempts" },
      expect: { scope: "connection" },
    },
    {
      name: "throttled, as a broken server",
      judged: "throttled",
      status: 500,
      body: { error: "access_denied", error_description: "Global limit has been reached" },
      expect: { scope: "connection" },
    },
    { name: "trouble", judged: "transient", status: 503, body: "" },
  ],
});
