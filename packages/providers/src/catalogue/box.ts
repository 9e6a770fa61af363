import { defineProvider } from "../provider.ts";
import { httpTrouble, rotated } from "./shared/rfc-samples.ts";

// Scopes are those of the app, set in Box's console.
export default defineProvider({
  id: "box",
  name: "Box",
  docs: "https://developer.box.com/reference/post-oauth2-token--refresh/",
  authorizeUrl: "https://account.box.com/api/oauth2/authorize",
  tokenUrl: "https://api.box.com/oauth2/token",
  policy: { lifetimeSeconds: 3600, rotation: { kind: "single_use" }, refreshTokenIdleSeconds: 5_184_000 },
  // A conflict without a body: https://support.box.com/hc/en-us/community/posts/360052599233. Another use of the same token is under way or
  // was, and may have spent it.
  errors: [{ status: 409, judged: "uncertain" }],
  revoke: { url: "https://api.box.com/oauth2/revoke" },
  identity: { url: "https://api.box.com/2.0/users/me", id: "id", name: "login" },
  samples: [
    rotated(3600, { restricted_to: [], issued_token_type: "urn:ietf:params:oauth:token-type:access_token" }),
    {
      // https://docs.pingidentity.com/r/en-us/pingfederate-box-connector/pingfederate_box_connector_troubleshooting
      name: "unused for 60 days, spent or withdrawn",
      judged: "denied",
      status: 400,
      body: { error: "invalid_grant", error_description: "Refresh token has expired" },
    },
    {
      name: "wrong secret",
      judged: "misconfigured",
      status: 400,
      body: { error: "invalid_client", error_description: "The client credentials are not valid" },
    },
    { name: "a conflict with another use of the token", judged: "uncertain", status: 409, body: "" },
    ...httpTrouble,
  ],
});
