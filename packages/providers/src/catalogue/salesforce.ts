import { defineProvider } from "../provider.ts";

export default defineProvider({
  id: "salesforce",
  name: "Salesforce",
  docs: "https://help.salesforce.com/s/articleView?id=xcloud.remoteaccess_oauth_refresh_token_flow.htm",
  authorizeUrl: "https://{host}/services/oauth2/authorize",
  tokenUrl: "https://{host}/services/oauth2/token",
  placeholders: {
    host: {
      pattern: "(login|test|[a-z0-9-]+(\\.(sandbox|develop|scratch|trailblaze|demo))?\\.my)\\.salesforce\\.com",
      example: "acme.my.salesforce.com",
      default: "login.salesforce.com",
    },
  },
  authorizeParameters: { prompt: "consent" },
  scopes: [
    { scope: "api", why: "reads and writes records" },
    { scope: "refresh_token", why: "without it there is no refresh token" },
  ],
  pkce: "supported",
  // The answer states no lifetime: it is the org's session timeout, 2 hours unless changed. Rotation is a setting of the app, and
  // a duty of those that serve more than two orgs: then a refresh token that is used twice ends the grant and its access tokens.
  // https://help.salesforce.com/s/articleView?id=005316711, https://developer.salesforce.com/docs/platform/isvforce/guide/secure-code-ac-eca.html
  // So is the limit of 30 days unused: https://help.salesforce.com/s/articleView?id=xcloud.eca_limit_idle_refresh_token_ttl.htm
  policy: { lifetimeSeconds: 7200, rotation: { kind: "single_use" }, refreshTokenIdleSeconds: 2_592_000 },
  // Limits are the org's, and every customer has its own.
  throttle: { scope: "connection" },
  answer: { keep: ["instance_url"] },
  errors: [
    // Two refreshes at the same time; no code is involved, and the grant lives.
    // https://github.com/segmentio/action-destinations/pull/2300
    // https://help.salesforce.com/s/articleView?id=release-notes.rn_security_refresh_token_requests.htm&release=250
    // https://github.com/forcedotcom/SalesforceMobileSDK-iOS/issues/3731
    {
      where: {
        error: "invalid_grant",
        error_description: { pattern: "expired authorization code|request is already being processed" },
      },
      judged: "transient",
    },
    // 3,600 logins an hour for each user, and a refresh is one.
    {
      where: { error: "invalid_grant", error_description: { pattern: "rate exceeded" } },
      judged: "throttled",
      waitSeconds: 900,
    },
    // Salesforce gives invalid_grant many meanings, and these are not the grant's: https://salesforcedictionary.com/errors/invalid-oauth-grant
    {
      where: { error: "invalid_grant", error_description: { pattern: "client credentials|client identifier" } },
      judged: "misconfigured",
    },
    // The customer's network rules, or a user who is locked for a while: a new consent would not help.
    {
      where: { error: "invalid_grant", error_description: { pattern: "ip restricted|login hours|user is locked" } },
      judged: "unknown",
    },
    { where: { error: "inactive_user" }, status: 400, judged: "denied" },
    { where: { error: "invalid_client_id" }, judged: "misconfigured" },
    { where: { error: "unknown_error" }, judged: "transient" },
  ],
  revoke: { url: "https://{host}/services/oauth2/revoke", clientAuth: "none" },
  identity: { url: "https://{host}/services/oauth2/userinfo", id: "user_id", name: "preferred_username" },
  unconfirmed: [
    "the status of the answer to too many requests",
    "the texts that come with invalid_grant, but for a dead and a doubly used refresh token",
  ],
  samples: [
    {
      name: "refreshed, the instance moved",
      judged: "granted",
      status: 200,
      body: {
        access_token: "00D-new",
        instance_url: "https://na2.my.salesforce.com",
        issued_at: "1790000000000",
        token_type: "Bearer",
        signature: "x",
      },
      expect: {
        expiresIn: "unstated",
        refreshToken: null,
        metadata: { instance_url: "https://na2.my.salesforce.com" },
      },
    },
    {
      name: "refreshed and rotated",
      judged: "granted",
      status: 200,
      body: { access_token: "00D-new", refresh_token: "5Aep-new", instance_url: "https://na2.my.salesforce.com" },
      expect: { refreshToken: "5Aep-new", expiresIn: "unstated" },
    },
    {
      // https://github.com/jsforce/jsforce/issues/1656
      name: "access withdrawn",
      judged: "denied",
      status: 400,
      body: { error: "invalid_grant", error_description: "expired access/refresh token" },
    },
    {
      name: "user deactivated",
      judged: "denied",
      status: 400,
      body: { error: "inactive_user", error_description: "user is inactive" },
    },
    {
      name: "refreshed twice at once",
      judged: "transient",
      status: 400,
      body: { error: "invalid_grant", error_description: "expired authorization code" },
    },
    {
      name: "refreshed twice at once, in the words of 2024",
      judged: "transient",
      status: 400,
      body: { error: "invalid_grant", error_description: "token request is already being processed" },
    },
    {
      name: "client id unknown",
      judged: "misconfigured",
      status: 400,
      body: { error: "invalid_client_id", error_description: "client identifier invalid" },
    },
    {
      name: "wrong secret",
      judged: "misconfigured",
      status: 400,
      body: { error: "invalid_client", error_description: "invalid client credentials" },
    },
    {
      name: "wrong secret, in a grant's words",
      judged: "misconfigured",
      status: 400,
      body: { error: "invalid_grant", error_description: "authentication failure - invalid client credentials" },
    },
    {
      name: "our address is not on the customer's list",
      judged: "unknown",
      status: 400,
      body: { error: "invalid_grant", error_description: "ip restricted" },
    },
    {
      name: "throttled, called a dead grant",
      judged: "throttled",
      status: 400,
      body: { error: "invalid_grant", error_description: "login rate exceeded" },
      expect: { scope: "connection", retryAfterMs: 900_000 },
    },
    {
      name: "throttled",
      judged: "throttled",
      status: 400,
      body: { error: "rate_limit_exceeded" },
      expect: { scope: "connection" },
    },
    { name: "trouble", judged: "transient", status: 503, body: "" },
  ],
});
