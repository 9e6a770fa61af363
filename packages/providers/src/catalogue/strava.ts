import { defineProvider } from "../provider.ts";
import { rotated } from "./shared/rfc-samples.ts";

// A token with more than an hour left is answered with itself, so a margin above an hour would fetch nothing new.
export default defineProvider({
  id: "strava",
  name: "Strava",
  docs: "https://developers.strava.com/docs/authentication/",
  authorizeUrl: "https://www.strava.com/oauth/authorize",
  tokenUrl: "https://www.strava.com/api/v3/oauth/token",
  authorizeParameters: { approval_prompt: "auto" },
  scopes: [{ scope: "read", why: "tells which account was connected" }],
  scopeSeparator: ",",
  // The last refresh token that was given out is the only one that works.
  policy: { lifetimeSeconds: 21_600, rotation: { kind: "single_use" } },
  errors: [
    // Strava's own list of errors, never RFC 6749's: https://github.com/dreeveapp/dreeve/issues/1449
    {
      where: { "errors.0.resource": "RefreshToken", "errors.0.code": "invalid" },
      status: [400, 401],
      judged: "denied",
    },
    // Until 2018 documented as 403: https://github.com/strava/developers.strava.com/pull/36, https://github.com/stravalib/stravalib/issues/60
    {
      where: { "errors.0.field": { pattern: "^rate limit" } },
      status: [403, 429],
      judged: "throttled",
      waitSeconds: 900,
    },
    { where: { message: { pattern: "^rate limit exceeded" } }, status: 403, judged: "throttled", waitSeconds: 900 },
    // 403: the app was made inactive, because its owner has no subscription: https://github.com/stravalib/stravalib/issues/730
    { where: { "errors.0.resource": "Application" }, status: [400, 401, 403], judged: "misconfigured" },
    // Counted in quarters of an hour for the whole app; no Retry-After.
    { status: 429, judged: "throttled", waitSeconds: 900 },
  ],
  revoke: {
    url: "https://www.strava.com/oauth/deauthorize",
    token: "access_token",
    tokenParameter: "access_token",
    clientAuth: "none",
  },
  identity: { url: "https://www.strava.com/api/v3/athlete", id: "id", name: "username" },
  unconfirmed: ["the answer to a wrong client, known from other calls of this API"],
  samples: [
    rotated(21_600, { expires_at: 1_790_021_600 }),
    {
      name: "access withdrawn",
      judged: "denied",
      status: 400,
      body: {
        message: "Bad Request",
        errors: [{ resource: "RefreshToken", field: "refresh_token", code: "invalid" }],
      },
    },
    {
      name: "wrong secret",
      judged: "misconfigured",
      status: 401,
      body: {
        message: "Authorization Error",
        errors: [{ resource: "Application", field: "client_secret", code: "invalid" }],
      },
    },
    {
      name: "app inactive",
      judged: "misconfigured",
      status: 403,
      body: { message: "Forbidden", errors: [{ resource: "Application", field: "Status", code: "Inactive" }] },
    },
    {
      name: "throttled",
      judged: "throttled",
      status: 429,
      headers: { "x-ratelimit-limit": "200,2000", "x-ratelimit-usage": "201,300" },
      body: {
        message: "Rate Limit Exceeded",
        errors: [{ resource: "Application", field: "rate limit", code: "exceeded" }],
      },
      expect: { scope: "provider", retryAfterMs: 900_000 },
    },
    {
      name: "throttled, as it was until 2018",
      judged: "throttled",
      status: 403,
      body: {
        message: "Rate Limit Exceeded",
        errors: [{ resource: "Application", field: "rate limit", code: "exceeded" }],
      },
      expect: { scope: "provider", retryAfterMs: 900_000 },
    },
    { name: "trouble", judged: "transient", status: 500, body: { message: "Internal Server Error" } },
  ],
});
