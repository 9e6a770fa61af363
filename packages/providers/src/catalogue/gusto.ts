import { defineProvider } from "../provider.ts";
import { httpTrouble, rfcErrors, rotated } from "./shared/rfc-samples.ts";

// Scopes are those of the app. The spent refresh token works until the new access token is used, so a lost answer costs nothing.
export default defineProvider({
  id: "gusto",
  name: "Gusto",
  docs: "https://docs.gusto.com/app-integrations/reference/refresh-access-token",
  authorizeUrl: "https://api.gusto.com/oauth/authorize",
  tokenUrl: "https://api.gusto.com/oauth/token",
  encoding: "json",
  policy: { lifetimeSeconds: 7200, rotation: { kind: "grace", graceSeconds: 7200 } },
  identity: { url: "https://api.gusto.com/v1/token_info", id: "resource_owner.uuid" },
  unconfirmed: ["the answers to a dead grant and a wrong client: RFC 6749's are assumed"],
  samples: [
    rotated(7200, { scope: "companies:read", created_at: "2026-11-20T12:00:00.000-07:00" }),
    ...rfcErrors,
    ...httpTrouble,
  ],
});
