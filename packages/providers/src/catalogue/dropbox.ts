import { defineProvider } from "../provider.ts";
import { httpTrouble, kept } from "./shared/rfc-samples.ts";

export default defineProvider({
  id: "dropbox",
  name: "Dropbox",
  docs: "https://www.dropbox.com/developers/documentation/http/documentation#authorization",
  authorizeUrl: "https://www.dropbox.com/oauth2/authorize",
  tokenUrl: "https://api.dropboxapi.com/oauth2/token",
  authorizeParameters: { token_access_type: "offline" },
  scopes: [{ scope: "account_info.read", why: "tells which account was connected" }],
  pkce: "supported",
  policy: { lifetimeSeconds: 14_400 },
  answer: { keep: ["account_id"] },
  identity: { url: null, id: "{account_id}" },
  // Code and text in one string.
  errors: [
    { where: { error: { pattern: "^invalid_client" } }, judged: "misconfigured" },
    { where: { error: { pattern: "^invalid_grant" } }, status: [400, 401], judged: "denied" },
  ],
  revoke: {
    url: "https://api.dropboxapi.com/2/auth/token/revoke",
    token: "access_token",
    tokenAs: "bearer",
    clientAuth: "none",
  },
  samples: [
    kept(14_400),
    {
      name: "code exchanged",
      judged: "granted",
      status: 200,
      body: {
        access_token: "sl.new",
        expires_in: 14_400,
        refresh_token: "new",
        account_id: "dbid:AAH4f99",
        uid: "12345",
      },
      expect: { refreshToken: "new", metadata: { account_id: "dbid:AAH4f99" } },
    },
    {
      // https://github.com/dropbox/dropbox-sdk-dotnet/pull/384 and https://github.com/nextcloud/integration_dropbox/issues/34
      name: "access withdrawn",
      judged: "denied",
      status: 400,
      body: { error: "invalid_grant", error_description: "refresh token is invalid or revoked" },
    },
    {
      name: "access withdrawn, code and text in one string",
      judged: "denied",
      status: 400,
      body: { error: "invalid_grant: refresh token is invalid or revoked" },
    },
    {
      name: "wrong secret",
      judged: "misconfigured",
      status: 400,
      body: { error: "invalid_client: Invalid client_id or client_secret" },
    },
    { name: "plain text is no evidence", judged: "unknown", status: 400, body: "Error in call to API function" },
    ...httpTrouble,
  ],
});
