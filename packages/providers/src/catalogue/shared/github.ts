import type { ProviderInput } from "../../provider.ts";

export const githubIdentity = {
  url: "https://api.github.com/user",
  headers: { accept: "application/vnd.github+json" },
  id: "id",
  name: "login",
} satisfies ProviderInput["identity"];

/** Both kinds of GitHub apps authorize alike. */
export const github = {
  settingsFallback: "GITHUB",
  authorizeUrl: "https://github.com/login/oauth/authorize",
  tokenUrl: "https://github.com/login/oauth/access_token",
  pkce: "supported",
  revoke: {
    url: "https://api.github.com/applications/{client_id}/token",
    method: "DELETE",
    token: "access_token",
    tokenParameter: "access_token",
    clientAuth: "basic",
    encoding: "json",
  },
  identity: githubIdentity,
} satisfies Partial<ProviderInput>;
