import { defineProvider } from "../provider.ts";
import { httpTrouble, rotated } from "./shared/rfc-samples.ts";

// Ten minutes, and a refresh is refused before nine and a half of them have passed: the half minute between is ours.
export default defineProvider({
  id: "exact-online",
  name: "Exact Online",
  docs: "https://support.exactonline.com/community/s/knowledge-base#All-All-DNO-Content-oauth-eol-oauth-dev-step4",
  authorizeUrl: "https://start.exactonline.{country}/api/oauth2/auth",
  tokenUrl: "https://start.exactonline.{country}/api/oauth2/token",
  placeholders: { country: { pattern: "nl|be|de|fr|es|com|co\\.uk", example: "de", default: "nl" } },
  clientAuth: "basic",
  authorizeParameters: { force_login: "0" },
  // https://forums.invantive.com/t/exact-online-error-message-old-refresh-token-used/2903
  policy: {
    lifetimeSeconds: 600,
    marginSeconds: 20,
    minimumAgeSeconds: 572,
    rotation: { kind: "single_use" },
    refreshTokenIdleSeconds: 2_592_000,
  },
  // The dead grant has three faces: https://github.com/picqer/exact-php-client/issues/644 (spent; not about the client, whatever
  // its code says) and https://github.com/websmurf/laravel-exact-online/issues/23 (unused for 30 days).
  errors: [
    {
      where: { error: "unauthorized_client", error_description: { pattern: "^old refresh token used" } },
      status: [400, 401],
      judged: "denied",
    },
    // Too early. The token lives.
    { text: "access_token not expired", status: [400, 401], judged: "throttled", waitSeconds: 30 },
  ],
  throttle: { scope: "connection" },
  identity: {
    url: "https://start.exactonline.{country}/api/v1/current/Me",
    id: "d.results.0.UserID",
    name: "d.results.0.FullName",
  },
  unconfirmed: ["the form of the answer to an early refresh", "the answer to a wrong client: RFC 6749's is assumed"],
  samples: [
    {
      name: "refreshed and rotated, the lifetime as text",
      judged: "granted",
      status: 200,
      body: { access_token: "access-new", token_type: "bearer", expires_in: "600", refresh_token: "refresh-new" },
      expect: { refreshToken: "refresh-new", expiresIn: 600 },
    },
    rotated(600),
    {
      // https://github.com/websmurf/laravel-exact-online/issues/25
      name: "refresh token spent or withdrawn",
      judged: "denied",
      status: 400,
      body: { error: "invalid_grant", error_description: "Token is not allowed, because of invalid or empty chainId" },
    },
    {
      name: "refresh token spent",
      judged: "denied",
      status: 401,
      body: { error: "unauthorized_client", error_description: "Old refresh token used." },
    },
    {
      name: "refresh token unused for 30 days",
      judged: "denied",
      status: 400,
      body: {
        error: "invalid_request",
        error_description: "The refresh token expired at 10/11/2022 9:18:20 PM and it is now 10/28/2022 4:15:50 PM.",
      },
    },
    {
      name: "another client that may not refresh",
      judged: "misconfigured",
      status: 401,
      body: { error: "unauthorized_client", error_description: "Client is not allowed" },
    },
    {
      name: "too early",
      judged: "throttled",
      status: 401,
      body: "Rate limit exceeded: access_token not expired",
      expect: { scope: "connection", retryAfterMs: 30_000 },
    },
    { name: "wrong secret", judged: "misconfigured", status: 401, body: { error: "invalid_client" } },
    ...httpTrouble,
  ],
});
