import { defineProvider } from "../provider.ts";

// Tokens have no end and there is no refresh token.
export default defineProvider({
  id: "mailchimp",
  name: "Mailchimp",
  docs: "https://mailchimp.com/developer/marketing/guides/access-user-data-oauth-2/",
  authorizeUrl: "https://login.mailchimp.com/oauth2/authorize",
  tokenUrl: "https://login.mailchimp.com/oauth2/token",
  policy: { spends: "nothing", lifetimeSeconds: null },
  identity: {
    url: "https://login.mailchimp.com/oauth2/metadata",
    headers: { authorization: "OAuth {token}" },
    id: "user_id",
    name: "accountname",
  },
  samples: [
    {
      name: "code exchanged, 0 means never",
      judged: "granted",
      status: 200,
      body: { access_token: "new", expires_in: 0, scope: null },
      expect: { expiresIn: "unstated", scopes: null },
    },
  ],
});
