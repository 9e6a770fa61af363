import { defineProvider } from "../provider.ts";

// Tokens have no end and there is no refresh token. Scopes are those of the app.
export default defineProvider({
  id: "intercom",
  name: "Intercom",
  docs: "https://developers.intercom.com/docs/build-an-integration/learn-more/authentication/setting-up-oauth",
  authorizeUrl: "https://app.intercom.com/oauth",
  tokenUrl: "https://api.intercom.io/auth/eagle/token",
  policy: { spends: "nothing", lifetimeSeconds: null },
  // The token is the workspace's; the teammate who gave it may be in several. https://developers.intercom.com/docs/references/rest-api/api.intercom.io/admins/identifyadmin
  identity: { url: "https://api.intercom.io/me", id: "app.id_code", name: "app.name" },
  samples: [
    {
      name: "code exchanged; the token has two names",
      judged: "granted",
      status: 200,
      body: { token_type: "Bearer", token: "dG9r-new", access_token: "dG9r-new" },
      expect: { accessToken: "dG9r-new", expiresIn: "unstated" },
    },
  ],
});
