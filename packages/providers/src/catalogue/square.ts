import { defineProvider } from "../provider.ts";
import { httpTrouble } from "./shared/rfc-samples.ts";

// The code flow: the refresh token is repeated and has no end of its own, but it dies 15 days after the access token did:
// https://developer.squareup.com/forums/t/oauth-token-issues/26359
export default defineProvider({
  id: "square",
  name: "Square",
  docs: "https://developer.squareup.com/docs/oauth-api/refresh-revoke-limit-scope",
  authorizeUrl: "https://connect.squareup.com/oauth2/authorize",
  tokenUrl: "https://connect.squareup.com/oauth2/token",
  encoding: "json",
  authorizeParameters: { session: "false" },
  scopes: [{ scope: "MERCHANT_PROFILE_READ", why: "tells which account was connected" }],
  policy: { lifetimeSeconds: 2_592_000, marginSeconds: 518_400, refreshTokenIdleSeconds: 3_888_000 },
  answer: { keep: ["merchant_id"] },
  // https://developer.squareup.com/forums/t/getting-error-while-renew-token/11056: revoked, "no longer valid".
  errors: [
    {
      where: { type: "service.not_authorized", message: { pattern: "^invalid refresh token" } },
      status: [400, 401],
      judged: "denied",
    },
    // The newer form of its errors.
    {
      where: { "errors.0.category": "AUTHENTICATION_ERROR" },
      status: [400, 401],
      tells: "dead_refresh_token",
      judged: "denied",
    },
  ],
  identity: {
    url: "https://connect.squareup.com/v2/merchants/me",
    id: "merchant.id",
    name: "merchant.business_name",
  },
  samples: [
    {
      name: "refreshed; the end is a date",
      judged: "granted",
      status: 200,
      body: {
        access_token: "EAAA-new",
        token_type: "bearer",
        expires_at: "2026-12-20T12:00:00Z",
        merchant_id: "M1",
        refresh_token: "EQAA-same",
        short_lived: false,
      },
      expect: { accessToken: "EAAA-new", expiresIn: 2_592_000, metadata: { merchant_id: "M1" } },
    },
    {
      name: "access withdrawn",
      judged: "denied",
      status: 401,
      body: { message: "Invalid refresh token", type: "service.not_authorized" },
    },
    {
      name: "access withdrawn, in the newer form",
      judged: "denied",
      status: 401,
      body: { errors: [{ category: "AUTHENTICATION_ERROR", code: "UNAUTHORIZED", detail: "Invalid refresh token" }] },
    },
    {
      name: "the same type, and not which",
      judged: "unknown",
      status: 401,
      body: { message: "Not Authorized", type: "service.not_authorized" },
    },
    {
      name: "an error, and not which",
      judged: "unknown",
      status: 401,
      body: { errors: [{ category: "AUTHENTICATION_ERROR", code: "UNAUTHORIZED", detail: "Not authorized" }] },
    },
    ...httpTrouble,
  ],
  undocumented: ["misconfigured"],
  unconfirmed: ["the status of the answer to a dead grant"],
});
