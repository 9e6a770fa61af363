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
  // "The resource is Microsoft Graph by default": https://learn.microsoft.com/en-us/entra/identity-platform/scopes-oidc
  scopeForms: [{ pattern: "https://graph\\.microsoft\\.com/(.+)", as: "$1" }],
  pkce: "supported",
  // A new refresh token each time, while the old one stays valid.
  policy: { lifetimeSeconds: 3600, refreshTokenIdleSeconds: 7_776_000 },
  errors: [
    // https://learn.microsoft.com/en-us/entra/identity-platform/reference-error-codes: retry, timeout, "a transient error", unavailable.
    { where: { error_description: { pattern: "AADSTS(90006|90012|90024|90033)\\b" } }, judged: "transient" },
    {
      where: { error_description: { pattern: "AADSTS90055\\b" } },
      judged: "throttled",
      throttleScope: "connection",
    },
    // The same request too often: a pause that is called invalid_grant, while the grant lives.
    // https://learn.microsoft.com/en-us/entra/msal/dotnet/advanced/exceptions/throttling-with-msal
    {
      where: { error_description: { pattern: "AADSTS50196" } },
      judged: "throttled",
      throttleScope: "connection",
      waitSeconds: 900,
    },
    // One tenant's administrator has switched the app off or removed it: the other tenants' grants are none the worse. When it is
    // the registration itself, all connections say so, and that opens the circuit as well.
    // https://learn.microsoft.com/en-us/entra/identity-platform/reference-error-codes
    { where: { error_description: { pattern: "AADSTS(7000112|700016)\\b" } }, judged: "unknown" },
    // Locked for a while, after wrong passwords: a new consent would meet the same.
    { where: { error_description: { pattern: "AADSTS50053\\b" } }, judged: "unknown" },
    // Where a user has to come, by MSAL: https://learn.microsoft.com/en-us/javascript/api/@azure/msal-node/interactionrequiredautherrorcodes
    {
      where: { error: ["interaction_required", "consent_required", "login_required", "bad_token", "interrupted_user"] },
      status: [400, 401, 403],
      judged: "denied",
    },
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
    ...["consent_required", "login_required", "bad_token"].map((error) => ({
      name: `the user has to come: ${error}`,
      judged: "denied" as const,
      status: 400,
      body: { error, error_description: "AADSTS65001: The user or administrator has not consented." },
    })),
    {
      name: "locked for a while",
      judged: "unknown",
      status: 400,
      body: { error: "invalid_grant", error_description: "AADSTS50053: The account is locked." },
    },
    {
      name: "wrong secret",
      judged: "misconfigured",
      status: 401,
      body: { error: "invalid_client", error_description: "AADSTS7000215: Invalid client secret provided." },
    },
    {
      name: "asked too often, called a dead grant",
      judged: "throttled",
      status: 400,
      body: {
        error: "invalid_grant",
        error_description:
          "AADSTS50196: The server terminated an operation because it encountered a client request loop.",
      },
      expect: { scope: "connection", retryAfterMs: 900_000 },
    },
    {
      name: "client id unknown, in this tenant or in all",
      judged: "unknown",
      status: 400,
      body: {
        error: "unauthorized_client",
        error_description: "AADSTS700016: Application was not found in the directory.",
      },
    },
    {
      name: "switched off by the tenant's administrator",
      judged: "unknown",
      status: 401,
      body: { error: "unauthorized_client", error_description: "AADSTS7000112: Application is disabled." },
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
