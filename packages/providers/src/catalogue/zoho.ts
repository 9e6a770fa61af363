import { defineProvider } from "../provider.ts";
import { kept } from "./shared/rfc-samples.ts";

// Errors come with HTTP 200, and the account's data centre decides the host.
export default defineProvider({
  id: "zoho",
  name: "Zoho",
  docs: "https://www.zoho.com/accounts/protocol/oauth/web-apps/access-token-expiry.html",
  authorizeUrl: "https://accounts.zoho.{data_centre}/oauth/v2/auth",
  tokenUrl: "https://accounts.zoho.{data_centre}/oauth/v2/token",
  // Canada's is at another name, accounts.zohocloud.ca: for that, ZOHO_TOKEN_URL and its like.
  placeholders: { data_centre: { pattern: "com|eu|in|com\\.au|jp|com\\.cn|sa|uk", example: "eu", default: "com" } },
  authorizeParameters: { access_type: "offline", prompt: "consent" },
  scopes: [{ scope: "AaaServer.profile.READ", why: "tells which account was connected" }],
  scopeSeparator: ",",
  policy: { lifetimeSeconds: 3600 },
  // Older answers count milliseconds in expires_in, beside seconds in expires_in_sec.
  answer: { longestSeconds: 86_400 },
  // https://www.zoho.com/crm/developer/docs/api/v4/token-validity.html
  errors: [
    // Whatever the status: the rules below would take one with a 400 for a limit, for ever.
    { where: { error: "invalid_code" }, status: [200, 400, 401], judged: "denied" },
    { where: { error: ["invalid_client", "invalid_client_secret"] }, judged: "misconfigured" },
    // The text is in the account's language, so it is the form that counts. 10 tokens per refresh token in 10 minutes.
    { where: { status: "failure" }, status: [200, 400], judged: "throttled", waitSeconds: 600 },
    { where: { error: "Access Denied" }, status: [200, 400], judged: "throttled", waitSeconds: 600 },
  ],
  throttle: { scope: "connection" },
  revoke: { url: "https://accounts.zoho.{data_centre}/oauth/v2/token/revoke", clientAuth: "none" },
  identity: {
    url: "https://accounts.zoho.{data_centre}/oauth/user/info",
    headers: { authorization: "Zoho-oauthtoken {token}" },
    id: "ZUID",
    name: "Email",
  },
  samples: [
    kept(3600, { api_domain: "https://www.zohoapis.eu" }),
    {
      name: "an older answer in milliseconds",
      judged: "granted",
      status: 200,
      body: { access_token: "1000.new", expires_in_sec: 3600, expires_in: 3_600_000 },
      expect: { expiresIn: 3600 },
    },
    { name: "access withdrawn", judged: "denied", status: 200, body: { error: "invalid_code" } },
    { name: "wrong secret", judged: "misconfigured", status: 200, body: { error: "invalid_client_secret" } },
    {
      name: "throttled",
      judged: "throttled",
      status: 400,
      body: {
        error: "Access Denied",
        error_description: "You have made too many requests continuously. Please try again after some time.",
        status: "failure",
      },
      expect: { scope: "connection", retryAfterMs: 600_000 },
    },
    {
      name: "throttled in Chinese",
      judged: "throttled",
      status: 400,
      body: { error: "访问被拒绝", error_description: "您连续发出的请求过多。", status: "failure" },
    },
    { name: "trouble", judged: "transient", status: 500, body: "" },
  ],
});
