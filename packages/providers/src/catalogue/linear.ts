import { defineProvider } from "../provider.ts";
import { httpTrouble, rfcErrors, rotated } from "./shared/rfc-samples.ts";

export default defineProvider({
  id: "linear",
  name: "Linear",
  docs: "https://linear.app/developers/oauth-2-0-authentication",
  authorizeUrl: "https://linear.app/oauth/authorize",
  tokenUrl: "https://api.linear.app/oauth/token",
  authorizeParameters: { prompt: "consent" },
  scopes: [{ scope: "read", why: "reads issues and the account" }],
  scopeSeparator: ",",
  pkce: "supported",
  // How long a spent refresh token lives is not documented: the careful assumption.
  policy: { lifetimeSeconds: 86_400, rotation: { kind: "single_use" } },
  revoke: { url: "https://api.linear.app/oauth/revoke" },
  unconfirmed: [
    "whether a spent refresh token works again: the careful assumption",
    "the text of the answer to a dead grant",
  ],
  samples: [rotated(86_399, { scope: "read" }), ...rfcErrors, ...httpTrouble],
});
