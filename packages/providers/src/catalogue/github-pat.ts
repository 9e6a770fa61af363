import { defineProvider } from "../provider.ts";
import { githubIdentity } from "./shared/github.ts";

// A token that the user made and pasted: it is kept, served and never refreshed.
export default defineProvider({
  id: "github-pat",
  name: "GitHub (personal access token)",
  docs: "https://docs.github.com/en/authentication/keeping-your-account-and-data-secure/managing-your-personal-access-tokens",
  authType: "personal_access_token",
  clientAuth: "none",
  policy: { spends: "nothing", lifetimeSeconds: null },
  identity: githubIdentity,
});
