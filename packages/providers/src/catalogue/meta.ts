import { defineProvider } from "../provider.ts";
import { graphErrors } from "./shared/graph-errors.ts";

const graph = "https://graph.facebook.com/v25.0";
const exchange = { grantType: "fb_exchange_token", tokenParameter: "fb_exchange_token" };

// There is no refresh token: a long-lived user token is exchanged for the next while it lives.
export default defineProvider({
  id: "meta",
  name: "Meta",
  docs: "https://developers.facebook.com/docs/facebook-login/guides/access-tokens/get-long-lived",
  authorizeUrl: "https://www.facebook.com/v25.0/dialog/oauth",
  tokenUrl: `${graph}/oauth/access_token`,
  encoding: "query",
  scopes: [
    { scope: "public_profile", why: "tells which account was connected" },
    { scope: "pages_show_list", why: "lists the Pages whose tokens are derived" },
    { scope: "pages_read_engagement", why: "lets Page tokens read posts and insights" },
  ],
  scopeSeparator: ",",
  code: { grantType: null },
  longLived: exchange,
  refresh: exchange,
  policy: { spends: "access_token", lifetimeSeconds: 5_184_000, marginSeconds: 604_800 },
  errors: graphErrors,
  revoke: {
    url: `${graph}/me/permissions`,
    method: "DELETE",
    token: "access_token",
    tokenAs: "bearer",
    clientAuth: "none",
    encoding: "query",
  },
  identity: { url: `${graph}/me?fields=id,name`, id: "id", name: "name" },
  // Page tokens taken with a long-lived user token do not expire.
  derived: {
    url: `${graph}/me/accounts?fields=id,name,access_token&limit=100`,
    list: "data",
    id: "id",
    name: "name",
    accessToken: "access_token",
    next: "paging.next",
  },
  samples: [
    {
      name: "exchanged",
      judged: "granted",
      status: 200,
      headers: { "content-type": "text/javascript; charset=UTF-8" },
      body: { access_token: "EAAB-new", token_type: "bearer", expires_in: 5_183_944 },
      expect: { accessToken: "EAAB-new", refreshToken: null, expiresIn: 5_183_944 },
    },
    {
      name: "no lifetime stated",
      judged: "granted",
      status: 200,
      body: { access_token: "EAAB-new", token_type: "bearer" },
      expect: { expiresIn: "unstated" },
    },
    {
      name: "old form",
      judged: "granted",
      status: 200,
      headers: { "content-type": "text/plain" },
      body: "access_token=EAAB-new&expires=5183944",
      expect: { accessToken: "EAAB-new", expiresIn: 5_183_944 },
    },
    {
      name: "password changed",
      judged: "denied",
      status: 400,
      body: {
        error: {
          message:
            "Error validating access token: The session has been invalidated because the user changed their password.",
          type: "OAuthException",
          code: 190,
          error_subcode: 460,
          fbtrace_id: "A0b1",
        },
      },
    },
    {
      name: "session ended, in the words of older calls",
      judged: "denied",
      status: 400,
      body: { error: { message: "The session is invalid", type: "OAuthException", code: 102, error_subcode: 463 } },
    },
    {
      name: "app deleted, with a dead token's code",
      judged: "misconfigured",
      status: 400,
      body: {
        error: {
          message: "Error validating application. Application has been deleted.",
          type: "OAuthException",
          code: 190,
        },
      },
    },
    {
      name: "wrong secret",
      judged: "misconfigured",
      status: 400,
      body: { error: { message: "Error validating client secret.", type: "OAuthException", code: 1 } },
    },
    {
      name: "wrong secret, in another language",
      judged: "misconfigured",
      status: 400,
      body: { error: { message: "Fehler", type: "OAuthException", code: 1, error_subcode: 33 } },
    },
    {
      name: "app removed by the user, with another status",
      judged: "denied",
      status: 403,
      body: { error: { message: "x", type: "OAuthException", code: 190, error_subcode: 458 } },
    },
    {
      name: "wrong app id",
      judged: "misconfigured",
      status: 400,
      body: {
        error: { message: "Error validating application. Invalid application ID.", type: "OAuthException", code: 101 },
      },
    },
    {
      name: "app throttled",
      judged: "throttled",
      status: 403,
      body: {
        error: {
          message: "(#4) Application request limit reached",
          type: "OAuthException",
          is_transient: true,
          code: 4,
        },
      },
      expect: { scope: "provider" },
    },
    {
      name: "user throttled",
      judged: "throttled",
      status: 400,
      body: { error: { message: "(#17) User request limit reached", type: "OAuthException", code: 17 } },
      expect: { scope: "connection" },
    },
    {
      name: "trouble that is not said to pass",
      judged: "transient",
      status: 400,
      body: { error: { message: "An unknown error occurred", type: "OAuthException", code: 1 } },
    },
    {
      name: "trouble",
      judged: "transient",
      status: 500,
      body: {
        error: {
          message: "An unexpected error has occurred. Please retry your request later.",
          type: "OAuthException",
          is_transient: true,
          code: 2,
        },
      },
    },
    {
      name: "trouble called 400",
      judged: "transient",
      status: 400,
      body: {
        error: { message: "Service temporarily unavailable", type: "OAuthException", is_transient: true, code: 2 },
      },
    },
  ],
});
