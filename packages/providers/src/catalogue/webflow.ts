import { defineProvider } from "../provider.ts";

// Tokens have no end and there is no refresh token.
export default defineProvider({
  id: "webflow",
  name: "Webflow",
  docs: "https://developers.webflow.com/data/reference/oauth-app",
  authorizeUrl: "https://webflow.com/oauth/authorize",
  tokenUrl: "https://api.webflow.com/oauth/access_token",
  policy: { spends: "nothing", lifetimeSeconds: null },
  scopes: [{ scope: "authorized_user:read", why: "tells which account was connected" }],
  identity: { url: "https://api.webflow.com/v2/token/authorized_by", id: "id", name: "email" },
  samples: [
    {
      name: "code exchanged",
      judged: "granted",
      status: 200,
      body: { access_token: "new", token_type: "bearer" },
      expect: { expiresIn: "unstated" },
    },
  ],
});
