import { defineProvider } from "../provider.ts";

export default defineProvider({
  id: "spotify",
  name: "Spotify",
  docs: "https://developer.spotify.com/documentation/web-api/tutorials/refreshing-tokens",
  authorizeUrl: "https://accounts.spotify.com/authorize",
  tokenUrl: "https://accounts.spotify.com/api/token",
  clientAuth: "basic",
  scopes: [{ scope: "user-read-private", why: "tells which account was connected, and its market" }],
  pkce: "supported",
  // Six months from consent since July 2026; refreshing does not move it.
  // https://developer.spotify.com/blog/2026-06-18-refresh-token-expiration
  policy: { lifetimeSeconds: 3600, refreshTokenFixedSeconds: 15_552_000 },
  identity: { url: "https://api.spotify.com/v1/me", id: "id", name: "display_name" },
  samples: [
    {
      name: "refreshed, no refresh token in the answer",
      judged: "granted",
      status: 200,
      body: { access_token: "BQA-new", token_type: "Bearer", expires_in: 3600, scope: "user-read-private" },
      expect: { refreshToken: null, expiresIn: 3600 },
    },
    {
      name: "refresh token replaced",
      judged: "granted",
      status: 200,
      body: { access_token: "BQA-new", token_type: "Bearer", expires_in: 3600, refresh_token: "AQD-new" },
      expect: { refreshToken: "AQD-new" },
    },
    {
      name: "access withdrawn",
      judged: "denied",
      status: 400,
      body: { error: "invalid_grant", error_description: "Refresh token revoked" },
    },
    {
      // 400 where the RFC would have 401.
      name: "wrong secret",
      judged: "misconfigured",
      status: 400,
      body: { error: "invalid_client", error_description: "Invalid client" },
    },
    {
      name: "throttled",
      judged: "throttled",
      status: 429,
      headers: { "retry-after": "7" },
      body: "Too many requests",
      expect: { retryAfterMs: 7000 },
    },
    { name: "trouble", judged: "transient", status: 503, body: "upstream connect error" },
  ],
});
