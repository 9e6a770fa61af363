import { defineProvider } from "../provider.ts";

// Error codes may be numbers. x-ratelimit-reset is seconds left, not a time.
export default defineProvider({
  id: "reddit",
  name: "Reddit",
  docs: "https://github.com/reddit-archive/reddit/wiki/OAuth2",
  authorizeUrl: "https://www.reddit.com/api/v1/authorize",
  tokenUrl: "https://www.reddit.com/api/v1/access_token",
  clientAuth: "basic",
  authorizeParameters: { duration: "permanent" },
  scopes: [{ scope: "identity", why: "tells which account was connected" }],
  policy: { lifetimeSeconds: 86_400 },
  errors: [
    { where: { error: 400 }, status: 400, judged: "denied" },
    { where: { error: "invalid_grant" }, status: [200, 400], judged: "denied" },
    { where: { error: 401 }, status: 401, judged: "misconfigured" },
    { where: { error: "unauthorized_client" }, status: 200, judged: "misconfigured" },
  ],
  throttle: { header: { name: "x-ratelimit-reset", unit: "seconds" } },
  revoke: { url: "https://www.reddit.com/api/v1/revoke_token" },
  identity: { url: "https://oauth.reddit.com/api/v1/me", id: "id", name: "name" },
  unconfirmed: ["today's answer to a dead grant: recordings are from 2016"],
  samples: [
    {
      name: "refreshed, the refresh token echoed",
      judged: "granted",
      status: 200,
      body: {
        access_token: "eyJh-new",
        token_type: "bearer",
        expires_in: 86_400,
        refresh_token: "7302-same",
        scope: "identity",
      },
      expect: { refreshToken: "7302-same", expiresIn: 86_400 },
    },
    { name: "access withdrawn", judged: "denied", status: 400, body: { message: "Bad Request", error: 400 } },
    { name: "access withdrawn, with 200", judged: "denied", status: 200, body: { error: "invalid_grant" } },
    { name: "wrong secret", judged: "misconfigured", status: 401, body: { message: "Unauthorized", error: 401 } },
    { name: "wrong kind of app", judged: "misconfigured", status: 200, body: { error: "unauthorized_client" } },
    {
      name: "throttled",
      judged: "throttled",
      status: 429,
      headers: { "x-ratelimit-reset": "312" },
      body: { message: "Too Many Requests", error: 429 },
      expect: { retryAfterMs: 312_000 },
    },
    { name: "blocked by the firewall", judged: "transient", status: 403, body: "<html><title>Blocked</title></html>" },
    { name: "trouble", judged: "transient", status: 503, body: "<html><title>Ow! -- reddit.com</title></html>" },
  ],
});
