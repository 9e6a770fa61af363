import { defineProvider } from "../provider.ts";
import { httpTrouble, rfcErrors, rotated } from "./shared/rfc-samples.ts";

export default defineProvider({
  id: "linear",
  name: "Linear",
  docs: "https://linear.app/developers/oauth-2-0-authentication",
  authorizeUrl: "https://linear.app/oauth/authorize",
  tokenUrl: "https://api.linear.app/oauth/token",
  authorizeParameters: { prompt: "consent" },
  scopes: [{ scope: "read", why: "reads issues and the account" }],
  scopeSeparator: ",",
  pkce: "supported",
  // A refresh whose answer was lost may be repeated within 30 minutes.
  policy: { lifetimeSeconds: 86_400, rotation: { kind: "grace", graceSeconds: 1500 } },
  revoke: { url: "https://api.linear.app/oauth/revoke" },
  identity: {
    url: "https://api.linear.app/graphql",
    body: { query: "{ viewer { id email } }" },
    id: "data.viewer.id",
    name: "data.viewer.email",
  },
  unconfirmed: ["the text of the answer to a dead grant"],
  samples: [
    rotated(86_399, { scope: "read" }),
    {
      name: "an app from before December 2023, scopes as a list",
      judged: "granted",
      status: 200,
      body: { access_token: "lin_new", expires_in: 86_399, refresh_token: "lin_refresh_new", scope: ["read", "write"] },
      expect: { scopes: ["read", "write"] },
    },
    ...rfcErrors,
    ...httpTrouble,
  ],
});
