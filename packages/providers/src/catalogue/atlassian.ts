import { defineProvider } from "../provider.ts";
import { httpTrouble, rotated } from "./shared/rfc-samples.ts";

export default defineProvider({
  id: "atlassian",
  name: "Atlassian",
  docs: "https://developer.atlassian.com/cloud/jira/platform/oauth-2-3lo-apps/",
  authorizeUrl: "https://auth.atlassian.com/authorize",
  tokenUrl: "https://auth.atlassian.com/oauth/token",
  encoding: "json",
  authorizeParameters: { audience: "api.atlassian.com", prompt: "consent" },
  scopes: [
    { scope: "read:me", why: "tells which account was connected" },
    { scope: "offline_access", why: "without it there is no refresh token" },
  ],
  // A spent refresh token stays usable for 10 minutes.
  // https://community.developer.atlassian.com/t/the-old-access-token-will-be-revoked-during-the-refresh-token-exchange/83103
  policy: {
    lifetimeSeconds: 3600,
    rotation: { kind: "grace", graceSeconds: 540 },
    refreshTokenIdleSeconds: 7_776_000,
    refreshTokenFixedSeconds: 31_536_000,
  },
  // The first: https://github.com/raycast/extensions/issues/11836. Its status has changed before, the code has not:
  // https://github.com/MrRefactoring/jira.js/blob/master/src/core/errors/oauthError.ts
  errors: [
    {
      where: {
        error: "unauthorized_client",
        error_description: { pattern: "refresh.?token is invalid|invalid refresh.?token" },
      },
      status: [400, 401, 403],
      judged: "denied",
    },
    // In any other words it is the app.
    { where: { error: "unauthorized_client" }, status: [400, 401, 403], judged: "misconfigured" },
    { where: { error: "access_denied" }, status: 401, judged: "misconfigured" },
  ],
  identity: { url: "https://api.atlassian.com/me", id: "account_id", name: "name" },
  samples: [
    rotated(3600, { scope: "read:me offline_access" }),
    {
      name: "access withdrawn",
      judged: "denied",
      status: 403,
      body: { error: "unauthorized_client", error_description: "refresh_token is invalid" },
    },
    {
      name: "refresh token unknown",
      judged: "denied",
      status: 403,
      body: { error: "invalid_grant", error_description: "Unknown or invalid refresh token." },
    },
    {
      name: "the app may not refresh",
      judged: "misconfigured",
      status: 403,
      body: { error: "unauthorized_client", error_description: "Grant type not allowed for the client." },
    },
    {
      name: "wrong secret",
      judged: "misconfigured",
      status: 401,
      body: { error: "access_denied", error_description: "Unauthorized" },
    },
    ...httpTrouble,
  ],
});
