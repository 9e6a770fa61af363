import { defineProvider } from "../provider.ts";

// Only approved partners get refresh tokens; everybody else's users must consent again after 60 days.
export default defineProvider({
  id: "linkedin",
  name: "LinkedIn",
  docs: "https://learn.microsoft.com/en-us/linkedin/shared/authentication/programmatic-refresh-tokens",
  // https://www.linkedin.com/oauth/.well-known/openid-configuration
  iss: { issuer: "https://www.linkedin.com/oauth" },
  authorizeUrl: "https://www.linkedin.com/oauth/v2/authorization",
  tokenUrl: "https://www.linkedin.com/oauth/v2/accessToken",
  scopes: [
    { scope: "openid", why: "tells which account was connected" },
    { scope: "profile", why: "shows the member's name to its owner" },
  ],
  policy: {
    lifetimeSeconds: 5_184_000,
    marginSeconds: 86_400,
    // A year from consent; refreshing does not move it.
    refreshTokenFixedSeconds: 31_536_000,
  },
  identity: { url: "https://api.linkedin.com/v2/userinfo", id: "sub", name: "name" },
  samples: [
    {
      name: "refreshed, the refresh token echoed with less time left",
      judged: "granted",
      status: 200,
      body: {
        access_token: "AQX-new",
        expires_in: 5_184_000,
        refresh_token: "AQW-same",
        refresh_token_expires_in: 20_160_000,
        scope: "openid,profile",
      },
      expect: { refreshToken: "AQW-same", refreshTokenExpiresIn: 20_160_000, scopes: ["openid", "profile"] },
    },
    {
      name: "access withdrawn",
      judged: "denied",
      status: 400,
      body: {
        error: "invalid_grant",
        error_description: "The provided authorization grant or refresh token is invalid, expired or revoked.",
      },
    },
    {
      name: "access withdrawn, called a request",
      judged: "denied",
      status: 400,
      body: {
        error: "invalid_request",
        error_description: "The provided authorization grant or refresh token is invalid, expired or revoked.",
      },
    },
    {
      name: "wrong secret",
      judged: "misconfigured",
      status: 401,
      body: { error: "invalid_client", error_description: "Client authentication failed" },
    },
    {
      name: "throttled",
      judged: "throttled",
      status: 429,
      body: { message: "Resource level throttle limit reached", status: 429 },
    },
    { name: "trouble", judged: "transient", status: 500, body: { message: "Internal Server Error", status: 500 } },
  ],
});
