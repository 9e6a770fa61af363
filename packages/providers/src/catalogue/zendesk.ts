import { defineProvider } from "../provider.ts";
import { httpTrouble, rfcErrors, rotated } from "./shared/rfc-samples.ts";

// 30 minutes and 30 days unless the client asks for other times; the spent pair dies at once.
// https://support.zendesk.com/hc/en-us/articles/10212201463962
export default defineProvider({
  id: "zendesk",
  name: "Zendesk",
  docs: "https://developer.zendesk.com/api-reference/ticketing/oauth/grant_type_tokens/",
  authorizeUrl: "https://{subdomain}.zendesk.com/oauth/authorizations/new",
  tokenUrl: "https://{subdomain}.zendesk.com/oauth/tokens",
  placeholders: { subdomain: { pattern: "[a-z0-9][a-z0-9_-]*", example: "acme" } },
  encoding: "json",
  scopes: [{ scope: "read", why: "reads tickets and the account" }],
  pkce: "supported",
  policy: { lifetimeSeconds: 1800, rotation: { kind: "single_use" }, refreshTokenIdleSeconds: 2_592_000 },
  // Limits are the account's.
  throttle: { scope: "connection" },
  identity: { url: "https://{subdomain}.zendesk.com/api/v2/users/me.json", id: "user.id", name: "user.email" },
  unconfirmed: ["the answer to a wrong client: RFC 6749's is assumed"],
  samples: [
    rotated(1800, { scope: "read", refresh_token_expires_in: 2_592_000 }),
    {
      // https://nango.dev/blog/zendesk-oauth-refresh-token-invalid-grant gives the shape; the text is the RFC's.
      name: "refresh token spent, expired or withdrawn",
      judged: "denied",
      status: 400,
      body: {
        error: "invalid_grant",
        error_description: "The provided authorization grant is invalid, expired, or revoked.",
      },
    },
    ...rfcErrors,
    ...httpTrouble,
  ],
});
