import { defineProvider } from "../provider.ts";

// The v1 endpoints end on 2027-02-16; their successors want all parameters in the body.
export default defineProvider({
  id: "hubspot",
  name: "HubSpot",
  docs: "https://developers.hubspot.com/docs/api-reference/latest/authentication/manage-oauth-tokens",
  authorizeUrl: "https://app.hubspot.com/oauth/authorize",
  tokenUrl: "https://api.hubapi.com/oauth/2026-03/token",
  scopes: [{ scope: "oauth", why: "the smallest scope that HubSpot installs an app with" }],
  pkce: "supported",
  policy: { lifetimeSeconds: 1800 },
  answer: { scopes: "scopes" },
  // https://github.com/HGData/mk-node-hubspot/issues/64
  errors: [
    { where: { status: "BAD_REFRESH_TOKEN" }, status: [400, 401], judged: "denied" },
    { where: { status: ["BAD_CLIENT_ID", "BAD_CLIENT_SECRET"] }, judged: "misconfigured" },
    // Locked by a concurrent change of the same account.
    { status: 423, judged: "transient", waitSeconds: 2 },
    // The account is being moved; Retry-After up to 24 hours.
    { status: 477, judged: "transient", waitSeconds: 300 },
  ],
  // 429 TEN_SECONDLY_ROLLING counts per app and account.
  throttle: { scope: "connection" },
  revoke: { url: "https://api.hubapi.com/oauth/2026-03/token/revoke" },
  identity: { url: "https://api.hubapi.com/account-info/v3/details", id: "portalId" },
  samples: [
    {
      name: "refreshed, the refresh token echoed",
      judged: "granted",
      status: 200,
      body: {
        token_type: "bearer",
        refresh_token: "na1-4f1c",
        access_token: "CJ7k-new",
        hub_id: 1234567,
        scopes: ["oauth", "crm.objects.contacts.read"],
        expires_in: 1800,
      },
      expect: {
        ...{ accessToken: "CJ7k-new", refreshToken: "na1-4f1c", expiresIn: 1800 },
        scopes: ["oauth", "crm.objects.contacts.read"],
      },
    },
    {
      name: "app removed",
      judged: "denied",
      status: 400,
      body: {
        status: "BAD_REFRESH_TOKEN",
        message: "missing or invalid refresh token",
        correlationId: "6d3dc2d3-4c3d-4d2a-8b63-6d1c1a2b3c4d",
      },
    },
    {
      name: "app removed, in the newer endpoints' words",
      judged: "denied",
      status: 400,
      body: {
        status: "BAD_REFRESH_TOKEN",
        message: "missing or invalid refresh token",
        error: "invalid_grant",
        error_description: "missing or invalid refresh token",
      },
    },
    {
      name: "client id unknown",
      judged: "misconfigured",
      status: 400,
      body: { status: "BAD_CLIENT_ID", message: "missing or unknown client id" },
    },
    {
      name: "throttled",
      judged: "throttled",
      status: 429,
      headers: { "retry-after": "10" },
      body: {
        status: "error",
        errorType: "RATE_LIMIT",
        policyName: "TEN_SECONDLY_ROLLING",
        message: "You have reached your ten_secondly_rolling limit.",
      },
      expect: { scope: "connection", retryAfterMs: 10_000 },
    },
    { name: "locked", judged: "transient", status: 423, body: "", expect: { retryAfterMs: 2000 } },
    {
      name: "account being moved",
      judged: "transient",
      status: 477,
      headers: { "retry-after": "3600" },
      body: "Migration in Progress",
      expect: { retryAfterMs: 3_600_000 },
    },
    {
      name: "gateway down",
      judged: "transient",
      status: 502,
      body: "<html><head><title>502 Bad Gateway</title></head></html>",
    },
  ],
});
