import { defineProvider } from "../provider.ts";
import { httpTrouble, kept } from "./shared/rfc-samples.ts";

// The refresh token lives 18 months from consent; refreshing does not move it, and answers do not repeat it.
export default defineProvider({
  id: "ebay",
  name: "eBay",
  docs: "https://developer.ebay.com/api-docs/static/oauth-refresh-token-request.html",
  authorizeUrl: "https://auth.ebay.com/oauth2/authorize",
  tokenUrl: "https://api.ebay.com/identity/v1/oauth2/token",
  clientAuth: "basic",
  scopes: [
    {
      scope: "https://api.ebay.com/oauth/api_scope/commerce.identity.readonly",
      why: "tells which account was connected",
    },
  ],
  policy: { lifetimeSeconds: 7200, refreshTokenFixedSeconds: 47_304_000 },
  identity: { url: "https://apiz.ebay.com/commerce/identity/v1/user/", id: "userId", name: "username" },
  unconfirmed: ["the text of the answer to a wrong client"],
  samples: [
    kept(7200, { token_type: "User Access Token" }),
    {
      // https://github.com/matecsaj/ebay_rest/issues/35
      name: "access withdrawn, or 18 months over",
      judged: "denied",
      status: 400,
      body: {
        error: "invalid_grant",
        error_description: "the provided authorization refresh token is invalid or was issued to another client",
      },
    },
    {
      name: "wrong secret",
      judged: "misconfigured",
      status: 401,
      body: { error: "invalid_client", error_description: "client authentication failed" },
    },
    ...httpTrouble,
  ],
});
