import { defineProvider } from "../provider.ts";
import { httpTrouble } from "./shared/rfc-samples.ts";

// Grants of the Selling Partner and Advertising APIs are refreshed here as well; bring them in by import.
export default defineProvider({
  id: "amazon",
  name: "Login with Amazon",
  docs: "https://developer.amazon.com/docs/login-with-amazon/authorization-code-grant.html",
  authorizeUrl: "https://www.amazon.com/ap/oa",
  tokenUrl: "https://api.amazon.{domain}/auth/o2/token",
  placeholders: { domain: { pattern: "com|co\\.uk|co\\.jp", example: "co.uk", default: "com" } },
  scopes: [{ scope: "profile", why: "tells which account was connected" }],
  policy: { lifetimeSeconds: 3600 },
  identity: { url: "https://api.amazon.{domain}/user/profile", id: "user_id", name: "email" },
  samples: [
    {
      name: "refreshed, the refresh token echoed",
      judged: "granted",
      status: 200,
      body: { access_token: "Atza-new", refresh_token: "Atzr-same", token_type: "bearer", expires_in: 3600 },
      expect: { accessToken: "Atza-new", refreshToken: "Atzr-same", expiresIn: 3600 },
    },
    {
      // https://github.com/amzn/selling-partner-api-docs/issues/2379
      name: "access withdrawn",
      judged: "denied",
      status: 400,
      body: {
        error: "invalid_grant",
        error_description:
          "The request has an invalid grant parameter : refresh_token. User may have revoked or didn't grant the permission.",
        request_id: "fb9b8c63-5f84-42b1-a50b-54a5757bdba9",
      },
    },
    {
      // https://github.com/amzn/selling-partner-api-models/issues/783
      name: "wrong secret",
      judged: "misconfigured",
      status: 401,
      body: { error: "invalid_client", error_description: "Client authentication failed" },
    },
    ...httpTrouble,
  ],
});
