import { defineProvider } from "../provider.ts";

export default defineProvider({
  id: "discord",
  name: "Discord",
  docs: "https://discord.com/developers/docs/topics/oauth2",
  authorizeUrl: "https://discord.com/oauth2/authorize",
  tokenUrl: "https://discord.com/api/oauth2/token",
  clientAuth: "basic",
  scopes: [{ scope: "identify", why: "tells which account was connected" }],
  pkce: "supported",
  policy: { lifetimeSeconds: 604_800, marginSeconds: 3600, rotation: { kind: "single_use" } },
  throttle: { bodySeconds: "retry_after" },
  // Revoking either token ends the whole grant.
  revoke: { url: "https://discord.com/api/oauth2/token/revoke" },
  identity: { url: "https://discord.com/api/users/@me", id: "id", name: "username" },
  samples: [
    {
      name: "refreshed and rotated",
      judged: "granted",
      status: 200,
      body: {
        token_type: "Bearer",
        access_token: "MTk-new",
        expires_in: 604_800,
        refresh_token: "mgp-new",
        scope: "identify",
      },
      expect: { refreshToken: "mgp-new", expiresIn: 604_800 },
    },
    // Both codes of a dead grant: https://github.com/discord/discord-api-docs/issues/1650, https://github.com/member-gentei/member-gentei/issues/18
    { name: "access withdrawn", judged: "denied", status: 400, body: { error: "invalid_grant" } },
    {
      name: "access withdrawn, as reported elsewhere",
      judged: "denied",
      status: 400,
      body: { error: "invalid_request", error_description: 'Invalid "refresh_token" in request.' },
    },
    {
      name: "some other invalid request is no evidence",
      judged: "unknown",
      status: 400,
      body: { error: "invalid_request", error_description: 'Missing "grant_type" in request.' },
    },
    {
      name: "our own mistake is no death",
      judged: "unknown",
      status: 400,
      body: { error: "invalid_request", error_description: 'Missing "refresh_token" in request.' },
    },
    { name: "wrong secret", judged: "misconfigured", status: 400, body: { error: "invalid_client" } },
    {
      name: "wrong secret, as the RFC has it",
      judged: "misconfigured",
      status: 401,
      body: { error: "invalid_client" },
    },
    {
      name: "throttled",
      judged: "throttled",
      status: 429,
      body: { message: "You are being rate limited.", retry_after: 64.57, global: false },
      expect: { scope: "provider", retryAfterMs: 64_570 },
    },
    {
      name: "throttled by Cloudflare",
      judged: "throttled",
      status: 429,
      body: "<html><title>Error 1015</title></html>",
      expect: { retryAfterMs: null },
    },
    { name: "trouble", judged: "transient", status: 502, body: { message: "502: Bad Gateway", code: 0 } },
    { name: "answered without an answer", judged: "uncertain", status: 200, body: "" },
  ],
});
