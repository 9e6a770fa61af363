import { defineProvider } from "../provider.ts";
import { httpTrouble, kept, rfcErrors } from "./shared/rfc-samples.ts";

export default defineProvider({
  id: "snapchat",
  name: "Snapchat",
  docs: "https://developers.snap.com/api/marketing-api/Ads-API/authentication",
  authorizeUrl: "https://accounts.snapchat.com/login/oauth2/authorize",
  tokenUrl: "https://accounts.snapchat.com/login/oauth2/access_token",
  scopes: [{ scope: "snapchat-marketing-api", why: "the only scope of this API" }],
  policy: { lifetimeSeconds: 1800 },
  identity: { url: "https://adsapi.snapchat.com/v1/me", id: "me.id", name: "me.display_name" },
  unconfirmed: [
    "the lifetime of the access token",
    "the answers to a dead grant and a wrong client: RFC 6749's are assumed",
  ],
  samples: [kept(1800), ...rfcErrors, ...httpTrouble],
});
