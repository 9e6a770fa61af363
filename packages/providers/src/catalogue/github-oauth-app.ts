import { defineProvider } from "../provider.ts";
import { github } from "./shared/github.ts";

// Tokens of an OAuth App have no end and no refresh token.
export default defineProvider({
  ...github,
  id: "github-oauth-app",
  name: "GitHub (OAuth App)",
  docs: "https://docs.github.com/en/apps/oauth-apps/building-oauth-apps/authorizing-oauth-apps",
  scopes: [{ scope: "read:user", why: "tells which account was connected" }],
  policy: { spends: "nothing", lifetimeSeconds: null },
  errors: [{ where: { error: "incorrect_client_credentials" }, judged: "misconfigured" }],
  samples: [
    {
      name: "code exchanged",
      judged: "granted",
      status: 200,
      body: { access_token: "gho_new", token_type: "bearer", scope: "read:user,repo" },
      expect: { refreshToken: null, expiresIn: "unstated", scopes: ["read:user", "repo"] },
    },
    {
      name: "wrong secret",
      judged: "misconfigured",
      status: 200,
      body: {
        error: "incorrect_client_credentials",
        error_description: "The client_id and/or client_secret passed are incorrect.",
      },
    },
  ],
});
