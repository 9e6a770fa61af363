import { defineProvider } from "../provider.ts";
import { httpTrouble, rotated } from "./shared/rfc-samples.ts";

export default defineProvider({
  id: "tiktok",
  name: "TikTok",
  docs: "https://developers.tiktok.com/doc/oauth-user-access-token-management",
  authorizeUrl: "https://www.tiktok.com/v2/auth/authorize/",
  tokenUrl: "https://open.tiktokapis.com/v2/oauth/token/",
  clientIdParameter: "client_key",
  scopes: [{ scope: "user.info.basic", why: "tells which account was connected" }],
  scopeSeparator: ",",
  // Documentation has said both 2 and 24 hours; the answer decides.
  policy: { lifetimeSeconds: 7200, rotation: { kind: "single_use" }, refreshTokenIdleSeconds: 15_552_000 },
  answer: { nestedIn: ["data"] },
  // Sources disagree on the status, and some on the code.
  errors: [
    { where: { error: "invalid_grant" }, status: [200, 400, 401], judged: "denied" },
    {
      where: { error: "invalid_request", error_description: { pattern: "^refresh token is invalid or expired" } },
      status: [200, 400, 401],
      judged: "denied",
    },
    { where: { error_description: { pattern: "^client key or secret is incorrect" } }, judged: "misconfigured" },
  ],
  revoke: { url: "https://open.tiktokapis.com/v2/oauth/revoke/", token: "access_token" },
  identity: {
    url: "https://open.tiktokapis.com/v2/user/info/?fields=open_id,display_name",
    id: "data.user.open_id",
    name: "data.user.display_name",
  },
  unconfirmed: ["the status of errors: 200, 400 and 401 are told"],
  samples: [
    rotated(86_400, { open_id: "o1", scope: "user.info.basic", refresh_expires_in: 31_536_000 }),
    {
      name: "access withdrawn",
      judged: "denied",
      status: 200,
      body: { error: "invalid_grant", error_description: "Refresh token is invalid or expired.", log_id: "2026" },
    },
    {
      name: "access withdrawn, called a request",
      judged: "denied",
      status: 200,
      body: { error: "invalid_request", error_description: "Refresh token is invalid or expired.", log_id: "2026" },
    },
    {
      name: "wrong secret, called a request",
      judged: "misconfigured",
      status: 400,
      body: { error: "invalid_request", error_description: "Client key or secret is incorrect.", log_id: "2026" },
    },
    {
      name: "wrong secret",
      judged: "misconfigured",
      status: 200,
      body: { error: "invalid_client", error_description: "Client key or secret is incorrect.", log_id: "2026" },
    },
    ...httpTrouble,
  ],
});
