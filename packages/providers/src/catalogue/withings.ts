import { defineProvider } from "../provider.ts";

// Everything comes with HTTP 200: `status` in the body says what it is, and the tokens are in `body`.
export default defineProvider({
  id: "withings",
  name: "Withings",
  docs: "https://developer.withings.com/developer-guide/v3/integration-guide/public-health-data-api/get-access/access-and-refresh-tokens/",
  authorizeUrl: "https://account.withings.com/oauth2_user/authorize2",
  tokenUrl: "https://wbsapi.withings.net/v2/oauth2",
  scopes: [{ scope: "user.info", why: "tells which account was connected" }],
  scopeSeparator: ",",
  code: { parameters: { action: "requesttoken" } },
  refresh: { parameters: { action: "requesttoken" } },
  // The spent refresh token works for 8 hours more, or until the new access token is used.
  policy: {
    lifetimeSeconds: 10_800,
    rotation: { kind: "grace", graceSeconds: 28_800 },
    refreshTokenIdleSeconds: 31_536_000,
  },
  answer: { nestedIn: ["body"], keep: ["body.userid"] },
  identity: { url: null, id: "{body.userid}" },
  errors: [
    // As several public clients have recorded it.
    { where: { status: 503, error: { pattern: "invalid refresh_token" } }, status: 200, judged: "denied" },
    { where: { status: 503, error: { pattern: "invalid client_(id|secret)" } }, status: 200, judged: "misconfigured" },
    // https://developer.withings.com/api-reference/#section/Response-status: "timeout"
    { where: { status: 522 }, status: 200, judged: "transient" },
    { where: { status: 601 }, status: 200, judged: "throttled", waitSeconds: 60 },
  ],
  unconfirmed: ["the answer to a wrong client"],
  samples: [
    {
      name: "refreshed and rotated",
      judged: "granted",
      status: 200,
      body: {
        status: 0,
        body: {
          userid: "12345678",
          access_token: "a075-new",
          refresh_token: "f631-new",
          expires_in: 10_800,
          scope: "user.info",
          token_type: "Bearer",
        },
      },
      expect: {
        accessToken: "a075-new",
        refreshToken: "f631-new",
        expiresIn: 10_800,
        metadata: { "body.userid": "12345678" },
      },
    },
    {
      name: "refresh token spent or withdrawn",
      judged: "denied",
      status: 200,
      body: { status: 503, body: {}, error: "Invalid Params: invalid refresh_token" },
    },
    {
      name: "other parameters are no death",
      judged: "unknown",
      status: 200,
      body: { status: 503, body: {}, error: "Invalid Params: missing client_id" },
    },
    {
      name: "wrong secret",
      judged: "misconfigured",
      status: 200,
      body: { status: 503, body: {}, error: "Invalid Params: invalid client_secret" },
    },
    {
      name: "timed out behind its gateway",
      judged: "transient",
      status: 200,
      body: { status: 522, body: {}, error: "Timeout" },
    },
    {
      name: "throttled",
      judged: "throttled",
      status: 200,
      body: { status: 601, body: {}, error: "Too Many Requests" },
      expect: { retryAfterMs: 60_000 },
    },
    { name: "trouble", judged: "transient", status: 502, body: "" },
  ],
});
