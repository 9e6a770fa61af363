import { defineProvider } from "../provider.ts";
import { httpTrouble, rfcErrors, rotated } from "./shared/rfc-samples.ts";

// Scopes are those of the consumer. Refresh tokens rotate since 2026-05-04, and end after 3 months unused.
// https://community.developer.atlassian.com/t/oauth-2-0-and-api-authentication-changes-for-bitbucket-cloud/99003
export default defineProvider({
  id: "bitbucket",
  name: "Bitbucket",
  docs: "https://developer.atlassian.com/cloud/bitbucket/oauth-2",
  authorizeUrl: "https://bitbucket.org/site/oauth2/authorize",
  tokenUrl: "https://bitbucket.org/site/oauth2/access_token",
  clientAuth: "basic",
  policy: {
    lifetimeSeconds: 7200,
    // A spent refresh token stays usable for 10 minutes.
    rotation: { kind: "grace", graceSeconds: 540 },
    refreshTokenIdleSeconds: 7_776_000,
  },
  identity: { url: "https://api.bitbucket.org/2.0/user", id: "uuid", name: "display_name" },
  unconfirmed: ["the answer to a wrong client"],
  samples: [
    rotated(7200, { scope: "account", state: "refresh_token" }),
    {
      // https://community.atlassian.com/t5/Bitbucket-questions/How-do-I-refresh-a-token/qaq-p/1545002
      name: "refresh token spent or withdrawn",
      judged: "denied",
      status: 400,
      body: { error: "invalid_request", error_description: "Invalid refresh_token" },
    },
    {
      name: "another invalid request is no death",
      judged: "unknown",
      status: 400,
      body: { error: "invalid_request", error_description: "Missing parameter" },
    },
    ...rfcErrors,
    ...httpTrouble,
  ],
});
