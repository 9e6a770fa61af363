import { defineProvider } from "../provider.ts";
import { httpTrouble, rfcErrors } from "./shared/rfc-samples.ts";

// Scopes are those of the integration. No lifetime is stated, so a token is only refreshed when asked for.
export default defineProvider({
  id: "notion",
  name: "Notion",
  docs: "https://developers.notion.com/reference/refresh-a-token",
  authorizeUrl: "https://api.notion.com/v1/oauth/authorize",
  tokenUrl: "https://api.notion.com/v1/oauth/token",
  clientAuth: "basic",
  encoding: "json",
  headers: { "notion-version": "2022-06-28" },
  authorizeParameters: { owner: "user" },
  policy: { lifetimeSeconds: null, rotation: { kind: "single_use" } },
  // Its API's own form of errors: https://developers.notion.com/reference/status-codes
  errors: [
    { where: { code: "invalid_grant" }, status: [400, 401], judged: "denied" },
    { where: { code: "invalid_client" }, status: [400, 401], judged: "misconfigured" },
    // Two at once, and neither was done.
    { where: { code: "conflict_error" }, status: 409, judged: "transient" },
  ],
  revoke: { url: "https://api.notion.com/v1/oauth/revoke", token: "access_token" },
  identity: { url: "https://api.notion.com/v1/users/me", id: "id", name: "name" },
  unconfirmed: [
    "the lifetime of the access token",
    "the answers to a dead grant and a wrong client: RFC 6749's are assumed",
  ],
  samples: [
    {
      name: "refreshed and rotated",
      judged: "granted",
      status: 200,
      body: { access_token: "ntn_new", token_type: "bearer", refresh_token: "nrt_new", bot_id: "b1" },
      expect: { refreshToken: "nrt_new", expiresIn: "unstated" },
    },
    ...rfcErrors,
    {
      name: "dead grant, in its API's form",
      judged: "denied",
      status: 400,
      body: { object: "error", status: 400, code: "invalid_grant", message: "Invalid refresh token." },
    },
    {
      name: "a collision",
      judged: "transient",
      status: 409,
      body: { object: "error", status: 409, code: "conflict_error", message: "Conflict occurred while saving." },
    },
    ...httpTrouble,
  ],
});
