import { defineProvider } from "../provider.ts";
import { httpTrouble, rfcErrors, rotated } from "./shared/rfc-samples.ts";

export default defineProvider({
  id: "harvest",
  name: "Harvest",
  docs: "https://help.getharvest.com/api-v2/authentication-api/authentication/authentication/",
  authorizeUrl: "https://id.getharvest.com/oauth2/authorize",
  tokenUrl: "https://id.getharvest.com/api/v2/oauth2/token",
  policy: { lifetimeSeconds: 1_209_600, marginSeconds: 86_400, rotation: { kind: "single_use" } },
  identity: { url: "https://id.getharvest.com/api/v2/accounts", id: "user.id", name: "user.email" },
  unconfirmed: [
    "whether a spent refresh token works again: the careful assumption",
    "the answers to a dead grant and a wrong client: RFC 6749's are assumed",
  ],
  samples: [rotated(1_209_599), ...rfcErrors, ...httpTrouble],
});
