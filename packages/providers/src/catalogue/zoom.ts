import { defineProvider } from "../provider.ts";
import { httpTrouble, rotated } from "./shared/rfc-samples.ts";

// Scopes are those of the app, set in Zoom's marketplace. A refresh ends the previous access token.
export default defineProvider({
  id: "zoom",
  name: "Zoom",
  docs: "https://developers.zoom.us/docs/integrations/oauth/",
  authorizeUrl: "https://zoom.us/oauth/authorize",
  tokenUrl: "https://zoom.us/oauth/token",
  clientAuth: "basic",
  pkce: "supported",
  policy: { lifetimeSeconds: 3599, rotation: { kind: "single_use" }, refreshTokenIdleSeconds: 7_776_000 },
  // The reason is what tells; its code has been invalid_request too: https://developers.zoom.us/docs/integrations/oauth-error-messages/
  errors: [
    {
      where: { reason: { pattern: "^(invalid token|the token has been revoked)" } },
      status: [400, 401],
      judged: "denied",
    },
  ],
  revoke: { url: "https://zoom.us/oauth/revoke", token: "access_token" },
  identity: { url: "https://api.zoom.us/v2/users/me", id: "id", name: "email" },
  unconfirmed: ["the refresh token's 90 days"],
  samples: [
    rotated(3599, { scope: "user:read:user" }),
    {
      name: "refresh token spent or withdrawn",
      judged: "denied",
      status: 400,
      body: { reason: "Invalid Token!", error: "invalid_grant" },
    },
    {
      name: "the same before 2022",
      judged: "denied",
      status: 401,
      body: { reason: "Invalid Token!", error: "invalid_grant" },
    },
    {
      name: "the same under another code",
      judged: "denied",
      status: 401,
      body: { reason: "Invalid Token!", error: "invalid_request" },
    },
    {
      name: "wrong secret",
      judged: "misconfigured",
      status: 400,
      body: { reason: "Invalid client_id or client_secret", error: "invalid_client" },
    },
    ...httpTrouble,
  ],
});
