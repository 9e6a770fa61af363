import { defineProvider } from "../provider.ts";
import { httpTrouble, rfcErrors, rotated } from "./shared/rfc-samples.ts";

export default defineProvider({
  id: "wrike",
  name: "Wrike",
  docs: "https://developers.wrike.com/oauth-20-authorization/",
  authorizeUrl: "https://login.wrike.com/oauth2/authorize/v4",
  tokenUrl: "https://login.wrike.com/oauth2/token",
  // The answer says at which host the account's API is.
  placeholders: {
    host: { pattern: "(www|app-[a-z0-9]+)\\.wrike\\.com", example: "app-eu.wrike.com", default: "www.wrike.com" },
  },
  scopes: [{ scope: "wsReadOnly", why: "reads the workspace and the account" }],
  scopeSeparator: ",",
  policy: { lifetimeSeconds: 3600, rotation: { kind: "single_use" } },
  answer: { keep: ["host"] },
  identity: { url: "https://{host}/api/v4/contacts?me=true", id: "data.0.id", name: "data.0.primaryEmail" },
  unconfirmed: [
    "whether a spent refresh token works again: the careful assumption",
    "the answers to a dead grant and a wrong client: the page refers to RFC 6749",
  ],
  samples: [rotated(3600, { host: "app-eu.wrike.com" }), ...rfcErrors, ...httpTrouble],
});
