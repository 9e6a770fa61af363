import { defineProvider } from "../provider.ts";
import { rotated } from "./shared/rfc-samples.ts";

// The older Web API, to be switched off by the end of September 2026 (https://github.com/PipedreamHQ/pipedream/issues/21785). Its
// successor, Google Health, uses Google's tokens and wants a new consent: https://developers.google.com/health/migration
export default defineProvider({
  id: "fitbit",
  name: "Fitbit",
  docs: "https://dev.fitbit.com/build/reference/web-api/authorization/refresh-token/",
  authorizeUrl: "https://www.fitbit.com/oauth2/authorize",
  tokenUrl: "https://api.fitbit.com/oauth2/token",
  clientAuth: "basic",
  scopes: [{ scope: "profile", why: "tells which account was connected" }],
  pkce: "supported",
  policy: { lifetimeSeconds: 28_800, rotation: { kind: "single_use" } },
  errors: [
    // The refresh token itself is in the message: https://github.com/aarondcoleman/Fitbit.NET/issues/320
    { where: { "errors.0.errorType": "invalid_grant" }, judged: "denied" },
    { where: { "errors.0.errorType": "invalid_client" }, judged: "misconfigured" },
  ],
  // 150 calls an hour for each account, anew at the full hour.
  throttle: { scope: "connection", header: { name: "fitbit-rate-limit-reset", unit: "seconds" } },
  revoke: { url: "https://api.fitbit.com/oauth2/revoke" },
  identity: {
    url: "https://api.fitbit.com/1/user/-/profile.json",
    id: "user.encodedId",
    name: "user.displayName",
  },
  unconfirmed: ["whether the older Web API still answers", "the answer to a wrong client"],
  samples: [
    rotated(28_800, { scope: "profile", user_id: "26FWFL" }),
    {
      name: "refresh token spent or withdrawn",
      judged: "denied",
      status: 400,
      body: {
        errors: [{ errorType: "invalid_grant", message: "Refresh token invalid: x. Visit https://dev.fitbit.com" }],
        success: false,
      },
    },
    {
      name: "the same with another status",
      judged: "denied",
      status: 403,
      body: { errors: [{ errorType: "invalid_grant", message: "Refresh token invalid: x." }], success: false },
    },
    {
      name: "wrong secret",
      judged: "misconfigured",
      status: 401,
      body: { errors: [{ errorType: "invalid_client", message: "Invalid authorization header" }], success: false },
    },
    {
      name: "throttled",
      judged: "throttled",
      status: 429,
      headers: { "fitbit-rate-limit-reset": "1478" },
      body: { errors: [{ errorType: "too_many_requests", message: "Too Many Requests" }], success: false },
      expect: { scope: "connection", retryAfterMs: 1_478_000 },
    },
    { name: "trouble", judged: "transient", status: 502, body: "<html><title>502 Bad Gateway</title></html>" },
  ],
});
