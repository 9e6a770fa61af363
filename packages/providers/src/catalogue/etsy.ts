import { defineProvider } from "../provider.ts";
import { httpTrouble } from "./shared/rfc-samples.ts";

// A client names itself and proves nothing: the code's PKCE verifier does, and the secret is for API calls alone.
export default defineProvider({
  id: "etsy",
  name: "Etsy",
  docs: "https://developers.etsy.com/documentation/essentials/authentication",
  authorizeUrl: "https://www.etsy.com/oauth/connect",
  tokenUrl: "https://api.etsy.com/v3/public/oauth/token",
  clientAuth: "id",
  scopes: [{ scope: "shops_r", why: "tells which shop was connected" }],
  pkce: "required",
  policy: { lifetimeSeconds: 3600, rotation: { kind: "single_use" }, refreshTokenIdleSeconds: 7_776_000 },
  // Tokens begin with the number of the user; the endpoint that tells it wants the secret in a header of its own.
  answer: { inToken: "^(?<user_id>\\d+)\\." },
  identity: { url: null, id: "{user_id}" },
  unconfirmed: ["whether a spent refresh token works again: the careful assumption", "the answer to a wrong client"],
  samples: [
    {
      name: "refreshed and rotated",
      judged: "granted",
      status: 200,
      body: { access_token: "12345678.new", token_type: "Bearer", expires_in: 3600, refresh_token: "12345678.next" },
      expect: { refreshToken: "12345678.next", expiresIn: 3600, metadata: { user_id: "12345678" } },
    },
    {
      // A changed password withdraws all tokens: https://github.com/etsy/open-api/issues/519
      name: "access withdrawn",
      judged: "denied",
      status: 400,
      body: { error: "invalid_grant", error_description: "refresh_token is revoked" },
    },
    {
      // https://github.com/etsy/open-api/issues/549
      name: "trouble with a text",
      judged: "transient",
      status: 500,
      body: { error: "Server Error" },
    },
    ...httpTrouble,
  ],
  undocumented: ["misconfigured"],
});
