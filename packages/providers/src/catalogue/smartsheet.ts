import { defineProvider } from "../provider.ts";
import { httpTrouble, rotated } from "./shared/rfc-samples.ts";

export default defineProvider({
  id: "smartsheet",
  name: "Smartsheet",
  docs: "https://developers.smartsheet.com/api/smartsheet/openapi/tokens/tokens-getorrefresh",
  authorizeUrl: "https://app.smartsheet.com/b/authorize",
  tokenUrl: "https://api.smartsheet.com/2.0/token",
  scopes: [{ scope: "READ_USERS", why: "tells which account was connected" }],
  policy: { lifetimeSeconds: 604_799, marginSeconds: 86_400, rotation: { kind: "single_use" } },
  throttle: { scope: "connection" },
  identity: { url: "https://api.smartsheet.com/2.0/users/me", id: "id", name: "email" },
  unconfirmed: ["whether a spent refresh token works again: the careful assumption"],
  samples: [
    rotated(604_799),
    {
      // Said of a wrong secret, and not of that alone: https://smartsheet.redoc.ly lists 1004 as a general refusal.
      name: "an error, and not which",
      judged: "unknown",
      status: 403,
      body: { errorCode: 1004, message: "You are not authorized to perform this action.", refId: "cd9hgzwmdduh" },
    },
    ...httpTrouble,
  ],
  undocumented: ["denied", "misconfigured"],
});
