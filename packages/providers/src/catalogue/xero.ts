import { defineProvider } from "../provider.ts";
import { httpTrouble, rotated } from "./shared/rfc-samples.ts";

export default defineProvider({
  id: "xero",
  name: "Xero",
  docs: "https://developer.xero.com/documentation/guides/oauth2/token-types",
  // https://identity.xero.com/.well-known/openid-configuration
  iss: { issuer: "https://identity.xero.com" },
  authorizeUrl: "https://login.xero.com/identity/connect/authorize",
  tokenUrl: "https://identity.xero.com/connect/token",
  clientAuth: "basic",
  scopes: [
    { scope: "openid", why: "tells which account was connected" },
    { scope: "email", why: "shows the account's address to its owner" },
    { scope: "accounting.settings.read", why: "reads the organisation, the least an integration needs" },
    { scope: "offline_access", why: "without it there is no refresh token" },
  ],
  pkce: "supported",
  // A spent refresh token stays usable for 30 minutes, for answers that were lost.
  // https://developer.xero.com/faq/oauth2/oauth-refresh-fail
  policy: {
    lifetimeSeconds: 1800,
    rotation: { kind: "grace", graceSeconds: 1500 },
    refreshTokenIdleSeconds: 5_184_000,
  },
  revoke: { url: "https://identity.xero.com/connect/revocation" },
  // A grant is a user's, for all of their organisations; which of those the list of connections names first, changes.
  identity: { url: "https://identity.xero.com/connect/userinfo", id: "sub", name: "email" },
  unconfirmed: ["the answer to a wrong client: that of other IdentityServers is assumed"],
  samples: [
    rotated(1800, { scope: "openid email accounting.settings.read offline_access" }),
    // https://github.com/XeroAPI/xero-node/issues/370
    { name: "spent or withdrawn", judged: "denied", status: 400, body: { error: "invalid_grant" } },
    { name: "wrong secret", judged: "misconfigured", status: 400, body: { error: "invalid_client" } },
    ...httpTrouble,
  ],
});
