import { defineProvider } from "../provider.ts";
import { httpTrouble, rotated } from "./shared/rfc-samples.ts";

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
  unconfirmed: ["whether a spent refresh token works again: the careful assumption", "the answer to a wrong client"],
  samples: [
    rotated(3600),
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
