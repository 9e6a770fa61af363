import { defineProvider } from "../provider.ts";
import { doorkeeperErrors, doorkeeperSamples } from "./shared/doorkeeper.ts";
import { httpTrouble, rfcErrors, rotated } from "./shared/rfc-samples.ts";

// A Doorkeeper server: credentials in the body or as Basic, never both.
export default defineProvider({
  id: "calendly",
  name: "Calendly",
  docs: "https://developer.calendly.com/api-docs",
  authorizeUrl: "https://auth.calendly.com/oauth/authorize",
  tokenUrl: "https://auth.calendly.com/oauth/token",
  pkce: "supported",
  policy: { lifetimeSeconds: 7200, rotation: { kind: "single_use" } },
  errors: doorkeeperErrors,
  throttle: { header: { name: "ratelimit-reset", unit: "epoch" } },
  revoke: { url: "https://auth.calendly.com/oauth/revoke" },
  identity: { url: "https://api.calendly.com/users/me", id: "resource.uri", name: "resource.name" },
  unconfirmed: ["the lifetime, rotation and errors: those of other Doorkeeper servers are assumed"],
  samples: [rotated(7200, { created_at: 1_790_000_000 }), ...rfcErrors, ...doorkeeperSamples, ...httpTrouble],
});
