import { defineProvider } from "../provider.ts";
import { httpTrouble, rotated } from "./shared/rfc-samples.ts";

export default defineProvider({
  id: "microsoft",
  name: "Microsoft Entra",
  docs: "https://learn.microsoft.com/en-us/entra/identity-platform/v2-oauth2-auth-code-flow",
  authorizeUrl: "https://login.microsoftonline.com/{tenant}/oauth2/v2.0/authorize",
  tokenUrl: "https://login.microsoftonline.com/{tenant}/oauth2/v2.0/token",
  placeholders: {
    tenant: { pattern: "[A-Za-z0-9][A-Za-z0-9.-]*", example: "contoso.onmicrosoft.com", default: "common" },
  },
  scopes: [
    { scope: "openid", why: "tells which account was connected" },
    { scope: "profile", why: "shows the account's name to its owner" },
    { scope: "offline_access", why: "without it there is no refresh token" },
  ],
  pkce: "supported",
  // A new refresh token each time, while the old one stays valid.
  policy: { lifetimeSeconds: 3600, refreshTokenIdleSeconds: 7_776_000 },
  errors: [
    { where: { error_description: { pattern: "AADSTS90033" } }, judged: "transient" },
    { where: { error: "interaction_required" }, status: 400, judged: "denied" },
  ],
  identity: { url: "https://graph.microsoft.com/oidc/userinfo", id: "sub", name: "name" },
  samples: [
    rotated(4203, { scope: "openid profile", ext_expires_in: 4203 }),
    {
      name: "v1's strings",
      judged: "granted",
      status: 200,
      body: { access_token: "eyJ0-new", expires_in: "3599", expires_on: "1790003599" },
      expect: { expiresIn: 3599 },
    },
    {
      name: "unused for 90 days",
      judged: "denied",
      status: 400,
      body: {
        error: "invalid_grant",
        error_description: "AADSTS700082: The refresh token has expired due to inactivity.",
        error_codes: [700_082],
      },
    },
    {
      name: "a second factor is wanted",
      judged: "denied",
      status: 400,
      body: {
        error: "interaction_required",
        error_description: "AADSTS50076: you must use multi-factor authentication",
        suberror: "basic_action",
      },
    },
    {
      name: "wrong secret",
      judged: "misconfigured",
      status: 401,
      body: { error: "invalid_client", error_description: "AADSTS7000215: Invalid client secret provided." },
    },
    {
      name: "client id unknown",
      judged: "misconfigured",
      status: 400,
      body: {
        error: "unauthorized_client",
        error_description: "AADSTS700016: Application was not found in the directory.",
      },
    },
    {
      name: "trouble called 400",
      judged: "transient",
      status: 400,
      body: { error: "temporarily_unavailable", error_description: "AADSTS90033: A transient error has occurred." },
    },
    ...httpTrouble,
  ],
});
