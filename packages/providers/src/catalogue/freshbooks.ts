import { defineProvider } from "../provider.ts";
import { doorkeeperSamples } from "./shared/doorkeeper.ts";
import { httpTrouble, rfcErrors, rotated } from "./shared/rfc-samples.ts";

// A Doorkeeper server by the looks of its answers. Scopes are those of the app, set in the developer portal.
export default defineProvider({
  id: "freshbooks",
  name: "FreshBooks",
  docs: "https://www.freshbooks.com/api/get-authenticated-on-the-freshbooks-api",
  authorizeUrl: "https://auth.freshbooks.com/oauth/authorize",
  tokenUrl: "https://api.freshbooks.com/auth/oauth/token",
  policy: { lifetimeSeconds: 43_200, rotation: { kind: "single_use" } },
  revoke: { url: "https://api.freshbooks.com/auth/oauth/revoke" },
  identity: { url: "https://api.freshbooks.com/auth/api/v1/users/me", id: "response.id", name: "response.email" },
  unconfirmed: ["the answers to a dead grant and a wrong client: those of other Doorkeeper servers are assumed"],
  samples: [rotated(43_200, { created_at: 1_790_000_000 }), ...rfcErrors, ...doorkeeperSamples, ...httpTrouble],
});
