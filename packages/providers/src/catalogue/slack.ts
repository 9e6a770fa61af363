import { defineProvider } from "../provider.ts";
import { rotated } from "./shared/rfc-samples.ts";

// All errors but limits come with HTTP 200. Without token rotation, which is a setting of the app, tokens do not expire.
export default defineProvider({
  id: "slack",
  name: "Slack",
  docs: "https://docs.slack.dev/authentication/using-token-rotation",
  authorizeUrl: "https://slack.com/oauth/v2/authorize",
  tokenUrl: "https://slack.com/api/oauth.v2.access",
  scopes: [{ scope: "users:read", why: "lists the people of the workspace, the least a bot needs" }],
  scopeSeparator: ",",
  policy: { lifetimeSeconds: 43_200, rotation: { kind: "single_use" } },
  answer: { nestedIn: ["authed_user"], endless: true },
  // https://github.com/slackapi/python-slack-sdk/issues/1242 and https://docs.slack.dev/reference/methods/oauth.v2.access
  errors: [
    {
      where: {
        error: [
          ...["invalid_refresh_token", "refresh_token_expired", "token_expired", "token_revoked"],
          // The user or the workspace was deleted.
          "account_inactive",
        ],
      },
      status: 200,
      judged: "denied",
    },
    // The last: rotation was switched off in the app, so that no refresh token of it works.
    {
      where: { error: ["bad_client_secret", "invalid_client_id", "token_rotation_not_enabled"] },
      judged: "misconfigured",
    },
    // team_added_to_org, org_login_required: the workspace is being moved, and calls fail until it is done.
    {
      where: {
        error: [
          "internal_error",
          "fatal_error",
          "service_unavailable",
          "request_timeout",
          "team_added_to_org",
          "org_login_required",
        ],
      },
      judged: "transient",
    },
  ],
  revoke: { url: "https://slack.com/api/auth.revoke", token: "access_token", tokenAs: "bearer", clientAuth: "none" },
  // A bot has a user too: one per workspace and app.
  identity: { url: "https://slack.com/api/auth.test", id: ["team_id", "user_id"], name: "team" },
  samples: [
    rotated(43_200, { ok: true, scope: "users:read" }),
    {
      name: "installed for a user alone",
      judged: "granted",
      status: 200,
      body: {
        ok: true,
        authed_user: { id: "U1", access_token: "xoxe.xoxp-new", refresh_token: "xoxe-new", expires_in: 43_200 },
      },
      expect: { accessToken: "xoxe.xoxp-new", refreshToken: "xoxe-new" },
    },
    {
      name: "without token rotation",
      judged: "granted",
      status: 200,
      body: { ok: true, access_token: "xoxb-new", token_type: "bot", scope: "users:read" },
      expect: { refreshToken: null, expiresIn: "never" },
    },
    {
      name: "refresh token spent or withdrawn",
      judged: "denied",
      status: 200,
      body: { ok: false, error: "invalid_refresh_token" },
    },
    {
      name: "refresh token expired",
      judged: "denied",
      status: 200,
      body: { ok: false, error: "refresh_token_expired" },
    },
    {
      name: "user or workspace deleted",
      judged: "denied",
      status: 200,
      body: { ok: false, error: "account_inactive" },
    },
    {
      name: "rotation switched off in the app",
      judged: "misconfigured",
      status: 200,
      body: { ok: false, error: "token_rotation_not_enabled" },
    },
    { name: "wrong secret", judged: "misconfigured", status: 200, body: { ok: false, error: "bad_client_secret" } },
    {
      name: "throttled",
      judged: "throttled",
      status: 429,
      headers: { "retry-after": "30" },
      body: { ok: false, error: "ratelimited" },
      expect: { retryAfterMs: 30_000 },
    },
    { name: "trouble called 200", judged: "transient", status: 200, body: { ok: false, error: "internal_error" } },
    {
      name: "workspace on the move",
      judged: "transient",
      status: 200,
      body: { ok: false, error: "team_added_to_org" },
    },
    {
      name: "workspace on the move to an organization",
      judged: "transient",
      status: 200,
      body: { ok: false, error: "org_login_required" },
    },
    {
      name: "an error nobody has described",
      judged: "unknown",
      status: 200,
      body: { ok: false, error: "something_new" },
    },
  ],
});
