import { defineProvider } from "../provider.ts";
import { httpTrouble, rfcErrors, rotated } from "./shared/rfc-samples.ts";

export default defineProvider({
  id: "typeform",
  name: "Typeform",
  docs: "https://www.typeform.com/developers/get-started/applications/",
  authorizeUrl: "https://api.typeform.com/oauth/authorize",
  tokenUrl: "https://api.typeform.com/oauth/token",
  scopes: [
    { scope: "accounts:read", why: "tells which account was connected" },
    { scope: "offline", why: "without it there is no refresh token" },
  ],
  policy: { lifetimeSeconds: 604_800, marginSeconds: 3600, rotation: { kind: "single_use" } },
  identity: { url: "https://api.typeform.com/me", id: "user_id", name: "alias" },
  unconfirmed: [
    "the lifetime of the access token",
    "the answers to a dead grant and a wrong client: RFC 6749's are assumed",
  ],
  samples: [rotated(604_800, { scope: "accounts:read offline" }), ...rfcErrors, ...httpTrouble],
});
