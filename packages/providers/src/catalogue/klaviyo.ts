import { defineProvider } from "../provider.ts";
import { httpTrouble, kept, rfcErrors } from "./shared/rfc-samples.ts";

export default defineProvider({
  id: "klaviyo",
  name: "Klaviyo",
  docs: "https://developers.klaviyo.com/en/docs/set_up_oauth",
  authorizeUrl: "https://www.klaviyo.com/oauth/authorize",
  tokenUrl: "https://a.klaviyo.com/oauth/token",
  clientAuth: "basic",
  scopes: [{ scope: "accounts:read", why: "tells which account was connected" }],
  pkce: "required",
  // Beside RFC 6749's, a code of its own for a dead refresh token: https://developers.klaviyo.com/en/docs/troubleshoot_oauth_errors
  errors: [{ where: { error: "invalid_grant_type" }, status: 400, judged: "denied" }],
  // One refresh token works again and again: https://github.com/klaviyo/klaviyo-api-node/issues/84
  policy: { lifetimeSeconds: 3600, refreshTokenIdleSeconds: 7_776_000 },
  revoke: { url: "https://a.klaviyo.com/oauth/revoke" },
  identity: {
    url: "https://a.klaviyo.com/api/accounts",
    // A revision serves two years: https://developers.klaviyo.com/en/docs/api_versioning_and_deprecation_policy
    headers: { revision: "2026-01-15" },
    id: "data.0.id",
    name: "data.0.attributes.contact_information.organization_name",
  },
  unconfirmed: ["whether the answer repeats the refresh token"],
  samples: [
    kept(3600, { scope: "accounts:read" }),
    { name: "refresh token expired or revoked", judged: "denied", status: 400, body: { error: "invalid_grant_type" } },
    ...rfcErrors,
    ...httpTrouble,
  ],
});
