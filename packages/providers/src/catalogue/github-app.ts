import { defineProvider } from "../provider.ts";
import { github } from "./shared/github.ts";

// User tokens of a GitHub App. All errors come with HTTP 200. An app may opt out of tokens that expire.
export default defineProvider({
  ...github,
  id: "github-app",
  name: "GitHub App",
  docs: "https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app/refreshing-user-access-tokens",
  policy: { lifetimeSeconds: 28_800, rotation: { kind: "single_use" }, refreshTokenIdleSeconds: 15_811_200 },
  answer: { endless: true },
  errors: [
    { where: { error: "bad_refresh_token" }, judged: "denied" },
    // The second: GitHub has switched the app off.
    { where: { error: ["incorrect_client_credentials", "application_suspended"] }, judged: "misconfigured" },
    // Not every limit states its time: https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api
    { text: "rate limit", status: [403, 429], judged: "throttled" },
  ],
  samples: [
    {
      name: "refreshed and rotated",
      judged: "granted",
      status: 200,
      body: {
        access_token: "ghu_new",
        expires_in: 28_800,
        refresh_token: "ghr_new",
        refresh_token_expires_in: 15_897_600,
        scope: "",
        token_type: "bearer",
      },
      expect: { refreshToken: "ghr_new", expiresIn: 28_800, refreshTokenExpiresIn: 15_897_600, scopes: null },
    },
    {
      name: "an app whose tokens do not expire",
      judged: "granted",
      status: 200,
      body: { access_token: "ghu_new", scope: "", token_type: "bearer" },
      expect: { refreshToken: null, expiresIn: "never" },
    },
    {
      name: "form-encoded",
      judged: "granted",
      status: 200,
      body: "access_token=ghu_new&expires_in=28800&refresh_token=ghr_new&token_type=bearer",
      expect: { refreshToken: "ghr_new", expiresIn: 28_800 },
    },
    {
      name: "refresh token spent or expired",
      judged: "denied",
      status: 200,
      body: {
        error: "bad_refresh_token",
        error_description: "The refresh token passed is incorrect or expired.",
        error_uri: "https://docs.github.com",
      },
    },
    {
      name: "wrong secret",
      judged: "misconfigured",
      status: 200,
      body: {
        error: "incorrect_client_credentials",
        error_description: "The client_id and/or client_secret passed are incorrect.",
      },
    },
    {
      name: "throttled, and for how long is not said",
      judged: "throttled",
      status: 403,
      body: { message: "API rate limit exceeded for 192.0.2.1." },
      expect: { retryAfterMs: null },
    },
    { name: "app switched off", judged: "misconfigured", status: 200, body: { error: "application_suspended" } },
    { name: "client id unknown", judged: "unknown", status: 404, body: "Not Found" },
    { name: "an error nobody has described", judged: "unknown", status: 200, body: { error: "something_new" } },
    {
      name: "throttled",
      judged: "throttled",
      status: 403,
      headers: { "retry-after": "60" },
      body: { message: "You have exceeded a secondary rate limit." },
      expect: { retryAfterMs: 60_000 },
    },
    {
      name: "trouble",
      judged: "transient",
      status: 503,
      body: "<!DOCTYPE html><title>Unicorn! &middot; GitHub</title>",
    },
  ],
});
