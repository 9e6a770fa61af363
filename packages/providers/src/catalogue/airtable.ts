import { defineProvider } from "../provider.ts";
import { httpTrouble, rfcErrors, rotated } from "./shared/rfc-samples.ts";

// A refresh ends the previous access and refresh token at once.
export default defineProvider({
  id: "airtable",
  name: "Airtable",
  docs: "https://airtable.com/developers/web/api/oauth-reference",
  authorizeUrl: "https://airtable.com/oauth2/v1/authorize",
  tokenUrl: "https://airtable.com/oauth2/v1/token",
  clientAuth: "basic",
  scopes: [{ scope: "schema.bases:read", why: "lists the bases that were shared" }],
  pkce: "required",
  policy: { lifetimeSeconds: 3600, rotation: { kind: "single_use" }, refreshTokenIdleSeconds: 5_184_000 },
  identity: { url: "https://api.airtable.com/v0/meta/whoami", id: "id" },
  unconfirmed: ["the text of the answer to a dead grant"],
  samples: [rotated(3600, { refresh_expires_in: 5_184_000, scope: "schema.bases:read" }), ...rfcErrors, ...httpTrouble],
});
