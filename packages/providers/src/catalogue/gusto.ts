import { defineProvider } from "../provider.ts";
import { doorkeeperSamples } from "./shared/doorkeeper.ts";
import { httpTrouble, rfcErrors, rotated } from "./shared/rfc-samples.ts";

// A Doorkeeper server. Scopes are those of the app. The spent refresh token works until the new access token is used, so a lost answer costs nothing.
export default defineProvider({
  id: "gusto",
  name: "Gusto",
  docs: "https://docs.gusto.com/app-integrations/reference/refresh-access-token",
  authorizeUrl: "https://api.gusto.com/oauth/authorize",
  tokenUrl: "https://api.gusto.com/oauth/token",
  encoding: "json",
  policy: { lifetimeSeconds: 7200, rotation: { kind: "grace", graceSeconds: 7200 } },
  // Limits are the grant's: https://docs.gusto.com/app-integrations/docs/rate-limits
  throttle: { scope: "connection" },
  // A token is for one company. Its admin may have several, and is no one at all for some tokens.
  identity: { url: "https://api.gusto.com/v1/token_info", id: "resource.uuid" },
  unconfirmed: ["the answers to a dead grant and a wrong client: those of other Doorkeeper servers are assumed"],
  samples: [
    rotated(7200, { scope: "companies:read", created_at: "2026-11-20T12:00:00.000-07:00" }),
    ...rfcErrors,
    ...doorkeeperSamples,
    ...httpTrouble,
  ],
});
