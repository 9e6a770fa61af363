import { defineProvider } from "../provider.ts";
import { httpTrouble, rfcErrors, rotated } from "./shared/rfc-samples.ts";

// `extended` moves the refresh token's end, 30 days, with each refresh.
// https://www.docusign.com/blog/developers/authorization-code-grant-refresh-tokens
export default defineProvider({
  id: "docusign",
  name: "DocuSign",
  docs: "https://developers.docusign.com/platform/auth/confidential-authcode-get-token/",
  authorizeUrl: "https://{host}/oauth/auth",
  tokenUrl: "https://{host}/oauth/token",
  placeholders: {
    host: {
      pattern: "account(-d)?\\.docusign\\.com",
      example: "account-d.docusign.com",
      default: "account.docusign.com",
    },
  },
  clientAuth: "basic",
  scopes: [
    { scope: "signature", why: "reads and sends envelopes; there is nothing smaller" },
    { scope: "extended", why: "without it access ends 30 days after consent" },
  ],
  pkce: "supported",
  policy: { lifetimeSeconds: 28_800, rotation: { kind: "single_use" }, refreshTokenIdleSeconds: 2_592_000 },
  errors: [
    // A wrong secret is called invalid_grant as well, and only the text tells it from a dead grant.
    {
      where: { error: "invalid_grant", error_description: { pattern: "^unauthorized_client" } },
      judged: "misconfigured",
    },
  ],
  identity: { url: "https://{host}/oauth/userinfo", id: "sub", name: "name" },
  unconfirmed: [
    "whether a spent refresh token works again: the careful assumption",
    "the answer to a wrong secret: seen once in public, and RFC 6749's is understood too",
  ],
  samples: [
    rotated(28_800, { scope: "signature extended" }),
    ...rfcErrors,
    {
      name: "wrong secret, in its own words",
      judged: "misconfigured",
      status: 400,
      body: { error: "invalid_grant", error_description: "unauthorized_client" },
    },
    {
      name: "refresh token ended",
      judged: "denied",
      status: 400,
      body: { error: "invalid_grant", error_description: "expired_client_token" },
    },
    ...httpTrouble,
  ],
});
