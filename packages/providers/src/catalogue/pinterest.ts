import { defineProvider } from "../provider.ts";
import { httpTrouble, rotated } from "./shared/rfc-samples.ts";

// Since 2025-05-14 every refresh token is a "continuous" one: 60 days, and each refresh brings the next.
// https://github.com/pinterest/pinterest-python-sdk/issues/156
export default defineProvider({
  id: "pinterest",
  name: "Pinterest",
  docs: "https://developers.pinterest.com/docs/getting-started/set-up-authentication-and-authorization/",
  authorizeUrl: "https://www.pinterest.com/oauth/",
  tokenUrl: "https://api.pinterest.com/v5/oauth/token",
  clientAuth: "basic",
  scopes: [{ scope: "user_accounts:read", why: "tells which account was connected" }],
  scopeSeparator: ",",
  policy: {
    lifetimeSeconds: 2_592_000,
    marginSeconds: 86_400,
    rotation: { kind: "single_use" },
    refreshTokenIdleSeconds: 5_184_000,
  },
  // https://github.com/pinterest/pinterest-api-demo/issues/16 for the second; the same code stands for an app that is not (yet) allowed.
  errors: [
    { where: { code: 283 }, text: "invalid application id", judged: "misconfigured" },
    {
      where: { code: 283, message: { pattern: "authorization grant is invalid" } },
      status: [400, 401],
      judged: "denied",
    },
  ],
  // The name can be changed.
  identity: { url: "https://api.pinterest.com/v5/user_account", id: "id", name: "username" },
  unconfirmed: ["whether a spent refresh token works again: the careful assumption"],
  samples: [
    rotated(2_592_000, { response_type: "everlasting_refresh", refresh_token_expires_in: 5_184_000 }),
    {
      name: "refresh token spent, expired or withdrawn",
      judged: "denied",
      status: 401,
      body: { code: 283, message: "The authorization grant is invalid", status: "failure" },
    },
    {
      name: "app id unknown, or not approved",
      judged: "misconfigured",
      status: 401,
      body: {
        status: "failure",
        code: 283,
        data: "Invalid Application ID",
        message: "The authorization grant is invalid",
        endpoint_name: "oauth_connect",
      },
    },
    {
      // A wrong token and a wrong secret are answered alike: https://github.com/pinterest/api-quickstart/issues/102
      name: "an error, and not which",
      judged: "unknown",
      status: 401,
      body: { code: 2, message: "Authentication failed.", status: "failure" },
    },
    ...httpTrouble,
  ],
});
