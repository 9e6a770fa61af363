import { defineProvider } from "../provider.ts";

// Native apps have no secret (X_PUBLIC_CLIENT=true): they name themselves in the body.
export default defineProvider({
  id: "x",
  name: "X",
  docs: "https://docs.x.com/resources/fundamentals/authentication/oauth-2-0/authorization-code",
  authorizeUrl: "https://x.com/i/oauth2/authorize",
  tokenUrl: "https://api.x.com/2/oauth2/token",
  clientAuth: "basic",
  scopes: [
    { scope: "users.read", why: "tells which account was connected" },
    { scope: "tweet.read", why: "X wants it beside users.read" },
    { scope: "offline.access", why: "without it there is no refresh token" },
  ],
  pkce: "required",
  policy: { lifetimeSeconds: 7200, rotation: { kind: "single_use" }, refreshTokenIdleSeconds: 15_552_000 },
  errors: [
    {
      status: 400,
      where: {
        error: "invalid_request",
        error_description: { pattern: "passed for the (refresh.?)?token was invalid" },
      },
      judged: "denied",
    },
  ],
  throttle: { header: { name: "x-rate-limit-reset", unit: "epoch" } },
  revoke: { url: "https://api.x.com/2/oauth2/revoke" },
  identity: { url: "https://api.x.com/2/users/me", id: "data.id", name: "data.username" },
  unconfirmed: ["the refresh token's six months", "the text for a dead grant, which is like that for a dead code"],
  samples: [
    {
      name: "refreshed and rotated",
      judged: "granted",
      status: 200,
      body: {
        token_type: "bearer",
        expires_in: 7200,
        access_token: "VGhp-new",
        scope: "tweet.read users.read offline.access",
        refresh_token: "bWJS-new",
      },
      expect: { refreshToken: "bWJS-new", expiresIn: 7200, scopes: ["tweet.read", "users.read", "offline.access"] },
    },
    {
      name: "refresh token spent or withdrawn",
      judged: "denied",
      status: 400,
      body: { error: "invalid_request", error_description: "Value passed for the token was invalid." },
    },
    {
      name: "some other invalid request is no evidence",
      judged: "unknown",
      status: 400,
      body: { error: "invalid_request", error_description: "Missing required parameter [client_id]." },
    },
    {
      name: "wrong secret",
      judged: "misconfigured",
      status: 401,
      body: { error: "unauthorized_client", error_description: "Missing valid authorization header" },
    },
    {
      name: "throttled",
      judged: "throttled",
      status: 429,
      headers: { "x-rate-limit-reset": "1790000600" },
      body: { title: "Too Many Requests", status: 429 },
    },
    { name: "trouble", judged: "transient", status: 503, body: { title: "Service Unavailable", status: 503 } },
  ],
});
