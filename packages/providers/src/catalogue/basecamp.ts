import { defineProvider } from "../provider.ts";
import { httpTrouble, rotated } from "./shared/rfc-samples.ts";

// Five dead refreshes in 48 hours get the client banned (https://github.com/basecamp/basecamp-cli/pull/711), so each is
// told from trouble by what Launchpad says.
export default defineProvider({
  id: "basecamp",
  name: "Basecamp",
  docs: "https://github.com/basecamp/bc3-api/blob/master/sections/authentication.md",
  authorizeUrl: "https://launchpad.37signals.com/authorization/new",
  tokenUrl: "https://launchpad.37signals.com/authorization/token",
  policy: { lifetimeSeconds: 1_209_600, marginSeconds: 86_400, rotation: { kind: "single_use" } },
  errors: [
    // The password was changed: https://github.com/basecamp/bc-api/issues/98 and /199
    { where: { error: "authorization_expired" }, status: [400, 401], judged: "denied" },
    { text: "rekeyed its deadbolt", status: [400, 401], judged: "denied" },
    // No account is left: https://github.com/basecamp/bc-api/issues/247
    { text: "Unknown Basecamp ID", status: 401, judged: "denied" },
  ],
  identity: {
    url: "https://launchpad.37signals.com/authorization.json",
    id: "identity.id",
    name: "identity.email_address",
  },
  unconfirmed: [
    "whether the refresh token that an answer brings is a new one, and the spent one works again: the careful assumption",
    "the answer to a wrong client: RFC 6749's is assumed",
  ],
  samples: [
    rotated(1_209_600),
    { name: "password changed", judged: "denied", status: 400, body: { error: "authorization_expired" } },
    {
      name: "password changed, in plain text",
      judged: "denied",
      status: 401,
      body: "This Basecamp ID rekeyed its deadbolt.",
    },
    { name: "no account left", judged: "denied", status: 401, body: "Unknown Basecamp ID." },
    {
      name: "refresh token unknown",
      judged: "denied",
      status: 400,
      body: { error: "invalid_grant", error_description: "The refresh token is invalid." },
    },
    { name: "wrong secret", judged: "misconfigured", status: 401, body: { error: "invalid_client" } },
    ...httpTrouble,
  ],
});
