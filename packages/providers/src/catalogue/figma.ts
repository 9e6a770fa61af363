import { defineProvider } from "../provider.ts";
import { httpTrouble, kept } from "./shared/rfc-samples.ts";

export default defineProvider({
  id: "figma",
  name: "Figma",
  docs: "https://developers.figma.com/docs/rest-api/authentication/",
  authorizeUrl: "https://www.figma.com/oauth",
  tokenUrl: "https://api.figma.com/v1/oauth/token",
  clientAuth: "basic",
  scopes: [{ scope: "current_user:read", why: "tells which account was connected" }],
  pkce: "supported",
  refresh: { url: "https://api.figma.com/v1/oauth/refresh", grantType: null },
  policy: { lifetimeSeconds: 7_776_000, marginSeconds: 604_800 },
  // Errors have a text and no code; what it says of a dead token nobody has published.
  errors: [{ where: { error: true }, status: [400, 401, 403], tells: "dead_refresh_token", judged: "denied" }],
  identity: { url: "https://api.figma.com/v1/me", id: "id", name: "handle" },
  samples: [
    kept(7_776_000),
    {
      name: "an error, and not which",
      judged: "unknown",
      status: 400,
      body: { error: true, status: 400, message: "Bad request" },
    },
    {
      name: "an error that says it of the refresh token",
      judged: "denied",
      status: 400,
      body: { error: true, status: 400, message: "The refresh token is invalid." },
    },
    ...httpTrouble,
  ],
  undocumented: ["misconfigured"],
  unconfirmed: ["the text of the answer to a dead grant"],
});
