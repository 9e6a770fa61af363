import { defineProvider } from "../provider.ts";
import { graphErrors } from "./shared/graph-errors.ts";

const graph = "https://graph.instagram.com";

// Instagram API with Instagram Login: three endpoints, three grants, and no refresh token.
export default defineProvider({
  id: "instagram",
  name: "Instagram",
  docs: "https://developers.facebook.com/docs/instagram-platform/instagram-api-with-instagram-login/business-login",
  authorizeUrl: "https://www.instagram.com/oauth/authorize",
  tokenUrl: "https://api.instagram.com/oauth/access_token",
  scopes: [{ scope: "instagram_business_basic", why: "profile and media; refreshing needs it too" }],
  scopeSeparator: ",",
  longLived: { url: `${graph}/access_token`, encoding: "query", clientAuth: "secret", grantType: "ig_exchange_token" },
  refresh: {
    url: `${graph}/refresh_access_token`,
    encoding: "query",
    clientAuth: "none",
    grantType: "ig_refresh_token",
    tokenParameter: "access_token",
  },
  policy: {
    spends: "access_token",
    lifetimeSeconds: 5_184_000,
    marginSeconds: 604_800,
    // Younger tokens are refused.
    minimumAgeSeconds: 86_400,
  },
  // The code exchange wraps its answer in a list.
  answer: { nestedIn: ["data.0"], scopes: "permissions" },
  // The code exchange has a form of its own.
  errors: [
    { where: { error_message: { pattern: "client secret|client_secret" } }, judged: "misconfigured" },
    { where: { error_type: "OAuthRateLimitException" }, judged: "throttled" },
    ...(graphErrors ?? []),
  ],
  identity: { url: `${graph}/me?fields=user_id,username`, id: "user_id", name: "username" },
  samples: [
    {
      name: "refreshed, the value may stay the same",
      judged: "granted",
      status: 200,
      body: {
        access_token: "IGAA-new",
        token_type: "bearer",
        expires_in: 5_183_944,
        permissions: "instagram_business_basic",
      },
      expect: {
        accessToken: "IGAA-new",
        refreshToken: null,
        expiresIn: 5_183_944,
        scopes: ["instagram_business_basic"],
      },
    },
    {
      name: "code exchanged",
      judged: "granted",
      status: 200,
      body: { data: [{ access_token: "IGAA-short", user_id: "178", permissions: "instagram_business_basic" }] },
      expect: { accessToken: "IGAA-short", scopes: ["instagram_business_basic"] },
    },
    {
      name: "expired or withdrawn",
      judged: "denied",
      status: 400,
      body: {
        error: {
          message: "Error validating access token: Session has expired",
          type: "OAuthException",
          code: 190,
          fbtrace_id: "A0b1",
        },
      },
    },
    {
      name: "wrong secret",
      judged: "misconfigured",
      status: 400,
      body: { error: { message: "Error validating client secret.", type: "OAuthException", code: 100 } },
    },
    {
      name: "wrong secret at the code exchange",
      judged: "misconfigured",
      status: 400,
      body: { error_type: "OAuthException", code: 400, error_message: "Error validating client secret." },
    },
    {
      name: "throttled",
      judged: "throttled",
      status: 400,
      body: { error: { message: "Application request limit reached", type: "OAuthException", code: 4 } },
    },
    {
      name: "trouble",
      judged: "transient",
      status: 500,
      body: {
        error: { message: "An unknown error has occurred.", type: "OAuthException", is_transient: true, code: 2 },
      },
    },
  ],
});
