import { defineProvider } from "../provider.ts";
import { httpTrouble, rotated } from "./shared/rfc-samples.ts";

// Offline tokens that expire; the older kind has no end, and no refresh token.
export default defineProvider({
  id: "shopify",
  name: "Shopify",
  docs: "https://shopify.dev/docs/apps/build/authentication-authorization/access-tokens/offline-access-tokens",
  authorizeUrl: "https://{shop}.myshopify.com/admin/oauth/authorize",
  tokenUrl: "https://{shop}.myshopify.com/admin/oauth/access_token",
  placeholders: { shop: { pattern: "[a-z0-9][a-z0-9-]*", example: "blue-shoes" } },
  scopes: [{ scope: "read_products", why: "the least that shows the connection works" }],
  scopeSeparator: ",",
  code: { parameters: { expiring: "1" } },
  answer: { endless: true },
  // The spent refresh token stays usable until its successor is used, 30 days at most.
  policy: {
    lifetimeSeconds: 3600,
    rotation: { kind: "grace", graceSeconds: 2_592_000 },
    refreshTokenIdleSeconds: 7_776_000,
  },
  identity: { url: null, id: "{shop}", name: "{shop}" },
  // Limits are the shop's.
  throttle: { scope: "connection" },
  errors: [
    // "Treat that 401 as final": a refresh token that is unknown, replaced, expired or revoked, an app that was removed. May be a page.
    { text: "requires an active refresh_token", status: [400, 401], judged: "denied" },
    { where: { error: "unauthorized" }, status: 401, judged: "denied" },
    { where: { error: "application_cannot_be_found" }, judged: "misconfigured" },
  ],
  unconfirmed: ["the shorter answer to a dead grant: taken from a library's tests"],
  samples: [
    rotated(3600, { scope: "read_products", refresh_token_expires_in: 7_776_000 }),
    {
      name: "app removed",
      judged: "denied",
      status: 401,
      body: { error: "invalid_request", error_description: "This request requires an active refresh_token" },
    },
    {
      name: "the same as a page",
      judged: "denied",
      status: 401,
      body: "<html><div>Oauth error invalid_request: This request requires an active refresh_token</div></html>",
    },
    { name: "some other refusal", judged: "unknown", status: 401, body: { error: "invalid_request" } },
    { name: "the shorter answer", judged: "denied", status: 401, body: { error: "unauthorized" } },
    {
      name: "the older kind",
      judged: "granted",
      status: 200,
      body: { access_token: "shpat_new", scope: "read_products" },
      expect: { refreshToken: null, expiresIn: "never" },
    },
    { name: "client id unknown", judged: "misconfigured", status: 400, body: { error: "application_cannot_be_found" } },
    {
      name: "shop closed",
      judged: "unknown",
      status: 404,
      body: "<html><title>Sorry, this shop is unavailable</title></html>",
    },
    ...httpTrouble,
  ],
});
