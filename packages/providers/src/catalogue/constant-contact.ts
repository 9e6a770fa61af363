import { defineProvider } from "../provider.ts";
import { httpTrouble, rotated } from "./shared/rfc-samples.ts";

// Rotating or long-lived is a setting of the app; both end after 180 days unused.
// https://community.constantcontact.com/t5/API-Developer-Support/Refresh-token-expiry/td-p/402882
export default defineProvider({
  id: "constant-contact",
  name: "Constant Contact",
  docs: "https://v3.developer.constantcontact.com/api_guide/server_flow.html",
  authorizeUrl: "https://authz.constantcontact.com/oauth2/default/v1/authorize",
  tokenUrl: "https://authz.constantcontact.com/oauth2/default/v1/token",
  clientAuth: "basic",
  scopes: [
    { scope: "account_read", why: "tells which account was connected" },
    { scope: "offline_access", why: "without it there is no refresh token" },
  ],
  policy: { lifetimeSeconds: 86_400, rotation: { kind: "single_use" }, refreshTokenIdleSeconds: 15_552_000 },
  // The server is Okta's: https://github.com/okta/okta-idx-java/issues/500
  errors: [{ where: { errorCode: "invalid_client" }, judged: "misconfigured" }],
  identity: {
    url: "https://api.cc.email/v3/account/summary",
    id: "encoded_account_id",
    name: "organization_name",
  },
  unconfirmed: ["the errors' texts: the server is Okta's, so Okta's are assumed"],
  samples: [
    rotated(86_400, { scope: "account_read offline_access" }),
    {
      name: "refresh token spent, expired or withdrawn",
      judged: "denied",
      status: 400,
      body: { error: "invalid_grant", error_description: "The refresh token is invalid or expired." },
    },
    { name: "wrong secret", judged: "misconfigured", status: 401, body: { error: "invalid_client" } },
    ...httpTrouble,
  ],
});
