import { defineProvider } from "../provider.ts";
import { httpTrouble, rotated } from "./shared/rfc-samples.ts";

// Scopes are those of the app, set in the Developer Hub.
export default defineProvider({
  id: "pipedrive",
  name: "Pipedrive",
  docs: "https://pipedrive.readme.io/docs/marketplace-oauth-authorization",
  authorizeUrl: "https://oauth.pipedrive.com/oauth/authorize",
  tokenUrl: "https://oauth.pipedrive.com/oauth/token",
  clientAuth: "basic",
  // The error table speaks of refresh tokens that were "already exchanged": the careful assumption.
  policy: { lifetimeSeconds: 3600, rotation: { kind: "single_use" }, refreshTokenIdleSeconds: 5_184_000 },
  answer: { keep: ["api_domain"] },
  // The texts are documented, the fields that hold them are not, and every error is a 400.
  // https://pipedrive.readme.io/docs/marketplace-oauth-and-api-proxy-status-codes
  errors: [
    {
      text: "Invalid grant: refresh.?token (is|has|was) (invalid|expired|already exchanged)",
      status: 400,
      judged: "denied",
    },
    { text: "Invalid client: ", status: [400, 401], judged: "misconfigured" },
  ],
  revoke: { url: "https://oauth.pipedrive.com/oauth/revoke" },
  // A token is for one user in one company, and a user may be in several.
  identity: {
    url: "https://api.pipedrive.com/v1/users/me",
    id: ["data.company_id", "data.id"],
    name: "data.company_name",
  },
  unconfirmed: ["the field names of an error"],
  samples: [
    rotated(3600, { scope: "deals:read,base", api_domain: "https://acme.pipedrive.com" }),
    {
      name: "app uninstalled",
      judged: "denied",
      status: 400,
      body: { success: false, message: "Invalid grant: refresh_token is invalid", error: "invalid_grant" },
    },
    {
      name: "wrong secret",
      judged: "misconfigured",
      status: 400,
      body: { success: false, message: "Invalid client: client is invalid", error: "invalid_client" },
    },
    ...httpTrouble,
  ],
});
