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
  // One refresh token works again and again: https://github.com/klaviyo/klaviyo-api-node/issues/84
  policy: { lifetimeSeconds: 3600, refreshTokenIdleSeconds: 7_776_000 },
  revoke: { url: "https://a.klaviyo.com/oauth/revoke" },
  identity: {
    url: "https://a.klaviyo.com/api/accounts",
    headers: { revision: "2024-10-15" },
    id: "data.0.id",
    name: "data.0.attributes.contact_information.organization_name",
  },
  unconfirmed: ["whether the answer repeats the refresh token"],
  // Both codes: https://developers.klaviyo.com/en/docs/troubleshoot_oauth_errors
  samples: [kept(3600, { scope: "accounts:read" }), ...rfcErrors, ...httpTrouble],
});
