import { defineProvider } from "../provider.ts";

// Errors have a message and no code; a dead grant may come with 401, a wrong secret with 403.
export default defineProvider({
  id: "twitch",
  name: "Twitch",
  docs: "https://dev.twitch.tv/docs/authentication/refresh-tokens/",
  // https://id.twitch.tv/oauth2/.well-known/openid-configuration
  iss: { issuer: "https://id.twitch.tv/oauth2" },
  authorizeUrl: "https://id.twitch.tv/oauth2/authorize",
  tokenUrl: "https://id.twitch.tv/oauth2/token",
  scopes: [{ scope: "user:read:email", why: "tells which account was connected" }],
  policy: { lifetimeSeconds: 14_400 },
  // https://github.com/Teekeks/pyTwitchAPI/issues/37, https://github.com/twitchdev/issues/issues/1042
  errors: [
    {
      where: { status: [400, 401], message: { pattern: "^invalid (refresh token|grant)$" } },
      status: [400, 401],
      judged: "denied",
    },
    {
      where: { message: { pattern: "^(invalid client|missing client secret|invalid client secret)$" } },
      status: [400, 401, 403],
      judged: "misconfigured",
    },
  ],
  throttle: { header: { name: "ratelimit-reset", unit: "epoch" } },
  revoke: { url: "https://id.twitch.tv/oauth2/revoke", token: "access_token", clientAuth: "id" },
  identity: {
    url: "https://api.twitch.tv/helix/users",
    headers: { "client-id": "{client_id}" },
    id: "data.0.id",
    name: "data.0.display_name",
  },
  samples: [
    {
      name: "refreshed, scopes as a list",
      judged: "granted",
      status: 200,
      body: {
        access_token: "1ssj-new",
        expires_in: 14_542,
        refresh_token: "eyJf-new",
        scope: ["user:read:email"],
        token_type: "bearer",
      },
      expect: { refreshToken: "eyJf-new", expiresIn: 14_542, scopes: ["user:read:email"] },
    },
    {
      name: "no scopes",
      judged: "granted",
      status: 200,
      body: { access_token: "1ssj-new", expires_in: 14_542, refresh_token: "eyJf-new", scope: null },
      expect: { scopes: null },
    },
    {
      name: "disconnected",
      judged: "denied",
      status: 400,
      body: { error: "Bad Request", status: 400, message: "Invalid refresh token" },
    },
    {
      name: "password changed",
      judged: "denied",
      status: 401,
      body: { error: "Unauthorized", status: 401, message: "Invalid refresh token" },
    },
    {
      name: "wrong secret",
      judged: "misconfigured",
      status: 403,
      body: { status: 403, message: "invalid client secret" },
    },
    {
      name: "client id unknown",
      judged: "misconfigured",
      status: 400,
      body: { status: 400, message: "invalid client" },
    },
    {
      name: "throttled",
      judged: "throttled",
      status: 429,
      body: { error: "Too Many Requests", status: 429, message: "" },
    },
    { name: "trouble", judged: "transient", status: 503, body: "" },
  ],
});
