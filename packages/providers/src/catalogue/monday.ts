import { defineProvider } from "../provider.ts";

// Tokens have no end and there is no refresh token.
export default defineProvider({
  id: "monday",
  name: "monday.com",
  docs: "https://developer.monday.com/apps/docs/oauth",
  authorizeUrl: "https://auth.monday.com/oauth2/authorize",
  tokenUrl: "https://auth.monday.com/oauth2/token",
  policy: { spends: "nothing", lifetimeSeconds: null },
  scopes: [{ scope: "me:read", why: "tells which account was connected" }],
  samples: [
    {
      name: "code exchanged",
      judged: "granted",
      status: 200,
      body: { access_token: "new", token_type: "Bearer", scope: "me:read" },
      expect: { expiresIn: "unstated" },
    },
  ],
});
