import { defineProvider } from "../provider.ts";
import { httpTrouble, kept, rfcErrors } from "./shared/rfc-samples.ts";

export default defineProvider({
  id: "asana",
  name: "Asana",
  docs: "https://developers.asana.com/docs/oauth",
  authorizeUrl: "https://app.asana.com/-/oauth_authorize",
  tokenUrl: "https://app.asana.com/-/oauth_token",
  scopes: [{ scope: "users:read", why: "tells which account was connected" }],
  pkce: "supported",
  policy: { lifetimeSeconds: 3600 },
  revoke: { url: "https://app.asana.com/-/oauth_revoke" },
  identity: { url: "https://app.asana.com/api/1.0/users/me", id: "data.gid", name: "data.name" },
  // `data` is the user.
  unconfirmed: ["the answer to a wrong client: RFC 6749's is assumed"],
  samples: [kept(3600, { data: { gid: "1", name: "Jane" } }), ...rfcErrors, ...httpTrouble],
});
