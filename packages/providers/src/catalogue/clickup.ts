import { defineProvider } from "../provider.ts";

// Tokens have no end and there is no refresh token. There are no scopes: the user picks workspaces.
export default defineProvider({
  id: "clickup",
  name: "ClickUp",
  docs: "https://developer.clickup.com/docs/authentication",
  authorizeUrl: "https://app.clickup.com/api",
  tokenUrl: "https://api.clickup.com/api/v2/oauth/token",
  policy: { spends: "nothing", lifetimeSeconds: null },
  identity: { url: "https://api.clickup.com/api/v2/user", id: "user.id", name: "user.username" },
  samples: [
    {
      name: "code exchanged",
      judged: "granted",
      status: 200,
      body: { access_token: "new", token_type: "Bearer" },
      expect: { expiresIn: "unstated" },
    },
  ],
});
