import { defineProvider } from "../provider.ts";
import { httpTrouble, rfcErrors, rotated } from "./shared/rfc-samples.ts";

export default defineProvider({
  id: "patreon",
  name: "Patreon",
  docs: "https://docs.patreon.com/#oauth",
  authorizeUrl: "https://www.patreon.com/oauth2/authorize",
  tokenUrl: "https://www.patreon.com/api/oauth2/token",
  scopes: [{ scope: "identity", why: "tells which account was connected" }],
  policy: { lifetimeSeconds: 2_678_400, marginSeconds: 86_400, rotation: { kind: "single_use" } },
  identity: { url: "https://www.patreon.com/api/oauth2/v2/identity", id: "data.id" },
  unconfirmed: ["the status of the answer to a dead grant: 400 and 401 are told"],
  samples: [
    rotated(2_678_400, { scope: "identity" }),
    // https://github.com/mxpv/patreon-go/issues/6
    { name: "dead grant with 401", judged: "denied", status: 401, body: { error: "invalid_grant" } },
    ...rfcErrors,
    ...httpTrouble,
  ],
});
