import { googleProduct } from "./shared/google-product.ts";
import { defineSource } from "./source.ts";

/**
 * What Google's libraries keep of one user: `tokens` of google-auth-library for Node, `token.json` of the quickstarts, and
 * `Credentials.to_json()` of Python. Which product it is, its scopes tell; whose it is, `--user`.
 */
export default defineSource({
  id: "google",
  name: "Google's libraries",
  docs: [
    "https://github.com/googleapis/google-auth-library-nodejs/blob/main/src/auth/credentials.ts",
    "https://googleapis.dev/python/google-auth/latest/reference/google.oauth2.credentials.html",
    "https://developers.google.com/workspace/gmail/api/quickstart/python",
  ],
  formats: ["json", "csv"],
  marks: ["access_token|token|refresh_token", "expiry_date|expiry|token_uri|type|scope|scopes|id_token"],
  list: "tokens",
  fields: {
    userId: ["user_id", "userId", "user"],
    externalAccountId: ["id_token#sub", "account"],
    displayName: ["id_token#email"],
    accessToken: ["access_token", "token"],
    refreshToken: ["refresh_token"],
    tokenType: ["token_type"],
    scopes: ["scope", "scopes"],
    // Milliseconds in Node, ISO 8601 in Python.
    expiresAt: ["expiry_date", "expiry"],
    clientId: ["client_id"],
  },
  leaves: [
    ...[
      "client_secret",
      "token_uri",
      "type",
      "universe_domain",
      "quota_project_id",
      "rapt_token",
      "id_token",
      "account",
    ],
    ...["token_info_uri", "refresh_token_expires_in", "granted_scopes", "trust_boundary"],
  ],
  providers: { "": googleProduct },
});
