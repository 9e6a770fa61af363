import { defineProvider } from "../provider.ts";
import { doorkeeperSamples } from "./shared/doorkeeper.ts";
import { httpTrouble, rfcErrors, rotated } from "./shared/rfc-samples.ts";

// A Doorkeeper server: credentials in the body or as Basic, never both.
export default defineProvider({
  id: "gitlab",
  name: "GitLab",
  docs: "https://docs.gitlab.com/api/oauth2/",
  authorizeUrl: "https://gitlab.com/oauth/authorize",
  tokenUrl: "https://gitlab.com/oauth/token",
  scopes: [{ scope: "read_user", why: "tells which account was connected" }],
  pkce: "supported",
  policy: { lifetimeSeconds: 7200, rotation: { kind: "single_use" } },
  throttle: { header: { name: "ratelimit-reset", unit: "epoch" } },
  revoke: { url: "https://gitlab.com/oauth/revoke" },
  identity: { url: "https://gitlab.com/api/v4/user", id: "id", name: "username" },
  samples: [rotated(7200, { created_at: 1_790_000_000 }), ...rfcErrors, ...doorkeeperSamples, ...httpTrouble],
});
