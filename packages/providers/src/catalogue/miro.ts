import { defineProvider } from "../provider.ts";
import { httpTrouble, rotated } from "./shared/rfc-samples.ts";

// With expiring tokens switched on in the app; without, tokens have no end and there is no refresh token.
export default defineProvider({
  id: "miro",
  name: "Miro",
  docs: "https://developers.miro.com/reference/get-new-access-token-using-refresh-token",
  authorizeUrl: "https://miro.com/oauth/authorize",
  tokenUrl: "https://api.miro.com/v1/oauth/token",
  scopes: [{ scope: "boards:read", why: "the least that an app may ask for" }],
  policy: { lifetimeSeconds: 3599, rotation: { kind: "single_use" }, refreshTokenIdleSeconds: 5_184_000 },
  errors: [{ where: { code: "oauthError" }, status: [400, 401], tells: "dead_refresh_token", judged: "denied" }],
  // A token is for one team, and a user may be in several: https://developers.miro.com/v1.0/reference/team-object
  identity: { url: "https://api.miro.com/v1/oauth-token", id: ["team.id", "user.id"], name: "team.name" },
  unconfirmed: [
    "whether a spent refresh token works again: the careful assumption",
    "the text of the answer to a dead grant",
  ],
  samples: [
    rotated(3599, { scope: "boards:read", team_id: 3_074_457_358 }),
    {
      // The shape of Miro's errors, with another cause: https://developers.miro.com/docs/troubleshooting-oauth20
      name: "an error, and not which",
      judged: "unknown",
      status: 401,
      body: { status: 401, code: "oauthError", message: "Redirect URI mismatch.", type: "error" },
    },
    {
      name: "an error that says it of the refresh token",
      judged: "denied",
      status: 400,
      body: { status: 400, code: "oauthError", message: "Refresh token is invalid", type: "error" },
    },
    ...httpTrouble,
  ],
  undocumented: ["misconfigured"],
});
