import { defineProvider } from "../provider.ts";
import { doorkeeperSamples } from "./shared/doorkeeper.ts";
import { httpTrouble, rfcErrors, rotated } from "./shared/rfc-samples.ts";

// A Doorkeeper server: credentials as Basic or in the body, never both.
export default defineProvider({
  id: "calendly",
  name: "Calendly",
  docs: "https://developer.calendly.com/docs/authentication/refresh-token-rotation-guide",
  authorizeUrl: "https://auth.calendly.com/oauth/authorize",
  tokenUrl: "https://auth.calendly.com/oauth/token",
  clientAuth: "basic",
  // Apps registered since March 2026 may do nothing that they do not ask for: https://developer.calendly.com/docs/authentication/scopes
  scopes: [{ scope: "users:read", why: "tells which account was connected" }],
  pkce: "supported",
  policy: { lifetimeSeconds: 7200, rotation: { kind: "single_use" } },
  // Eight tokens a minute for each user: https://developer.calendly.com/api-docs/overview/rate-limits
  throttle: { scope: "connection", header: { name: "x-ratelimit-reset", unit: "seconds" } },
  revoke: { url: "https://auth.calendly.com/oauth/revoke" },
  identity: { url: "https://api.calendly.com/users/me", id: "resource.uri", name: "resource.name" },
  unconfirmed: ["the errors: those of other Doorkeeper servers are assumed"],
  samples: [
    rotated(7200, { created_at: 1_790_000_000 }),
    ...rfcErrors,
    ...doorkeeperSamples,
    {
      name: "throttled",
      judged: "throttled",
      status: 429,
      headers: { "x-ratelimit-reset": "60" },
      body: "",
      expect: { scope: "connection", retryAfterMs: 60_000 },
    },
    ...httpTrouble,
  ],
});
