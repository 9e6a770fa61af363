import { defineProvider } from "../provider.ts";
import { httpTrouble, rotated } from "./shared/rfc-samples.ts";

export default defineProvider({
  id: "xero",
  name: "Xero",
  docs: "https://developer.xero.com/documentation/guides/oauth2/token-types",
  authorizeUrl: "https://login.xero.com/identity/connect/authorize",
  tokenUrl: "https://identity.xero.com/connect/token",
  clientAuth: "basic",
  scopes: [
    { scope: "accounting.settings.read", why: "tells which organisation was connected" },
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
  identity: { url: "https://api.xero.com/connections", id: "0.tenantId", name: "0.tenantName" },
  unconfirmed: ["the answer to a wrong client: that of other IdentityServers is assumed"],
  samples: [
    rotated(1800, { scope: "accounting.settings.read offline_access" }),
    // https://github.com/XeroAPI/xero-node/issues/370
    { name: "spent or withdrawn", judged: "denied", status: 400, body: { error: "invalid_grant" } },
    { name: "wrong secret", judged: "misconfigured", status: 400, body: { error: "invalid_client" } },
    ...httpTrouble,
  ],
});
