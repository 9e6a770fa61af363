import { defineProvider } from "../provider.ts";
import { httpTrouble, rfcErrors, rotated } from "./shared/rfc-samples.ts";

// The OAuth 2.1 flow, switched on in the app's version. Tokens of the flow before it have no refresh token, and since October 2026
// no use: https://developer-community.monday.com/product-updates/oauth-2-1-is-now-open-for-all-monday-developers-5326
export default defineProvider({
  id: "monday",
  name: "monday.com",
  docs: "https://developer.monday.com/apps/docs/migrating-to-the-new-oauth-flow",
  authorizeUrl: "https://auth.monday.com/oauth2/authorize",
  tokenUrl: "https://auth.monday.com/oauth_ms/oauth/token",
  encoding: "json",
  pkce: "required",
  scopes: [{ scope: "me:read", why: "tells which account was connected" }],
  // No field says when the token ends; the page has clients read its exp. An hour is what its example of a migrated token states.
  answer: { expiresIn: "jwt" },
  policy: { lifetimeSeconds: 3600, rotation: { kind: "single_use" } },
  revoke: { url: "https://auth.monday.com/oauth_ms/oauth/revoke" },
  identity: {
    url: "https://api.monday.com/v2",
    body: { query: "{ me { id name } }" },
    id: "data.me.id",
    name: "data.me.name",
  },
  unconfirmed: [
    "whether a spent refresh token works again: the careful assumption",
    "when a refresh token ends: six months from consent are told",
    "the answers to a dead grant and a wrong client: RFC 6749's are assumed",
  ],
  samples: [
    {
      name: "refreshed and rotated; the end is in the token",
      judged: "granted",
      status: 200,
      body: {
        // {"exp": 1795177800}: half an hour after the time at which the contract suite judges.
        access_token: "eyJhbGciOiJSUzI1NiJ9.eyJleHAiOjE3OTUxNzc4MDB9.c2ln",
        refresh_token: "eyJ-new",
        token_type: "Bearer",
        scope: "me:read",
      },
      expect: { refreshToken: "eyJ-new", expiresIn: 1800, scopes: ["me:read"] },
    },
    {
      name: "a token that cannot be read",
      judged: "granted",
      status: 200,
      body: { access_token: "opaque", refresh_token: "eyJ-new", token_type: "Bearer" },
      expect: { expiresIn: "unstated" },
    },
    { ...rotated(3600), name: "the end stated, as for tokens exchanged from the flow before" },
    ...rfcErrors,
    ...httpTrouble,
  ],
});
