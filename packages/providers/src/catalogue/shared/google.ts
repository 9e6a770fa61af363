import type { ProviderInput } from "../../provider.ts";

/** Google's products have one token endpoint. https://developers.google.com/identity/protocols/oauth2/web-server */
export const google = {
  settingsFallback: "GOOGLE",
  // https://accounts.google.com/.well-known/openid-configuration
  iss: { issuer: "https://accounts.google.com" },
  authorizeUrl: "https://accounts.google.com/o/oauth2/v2/auth",
  tokenUrl: "https://oauth2.googleapis.com/token",
  // Without prompt=consent a second consent of the same account brings no refresh token.
  authorizeParameters: { access_type: "offline", prompt: "consent" },
  pkce: "supported",
  // Asked for as "email", granted as ".../auth/userinfo.email": https://github.com/googleapis/google-api-python-client/pull/1088
  scopeForms: [{ pattern: "https://www\\.googleapis\\.com/auth/userinfo\\.(email|profile)", as: "$1" }],
  // A refresh token ends after 6 months unused; it is neither rotated nor repeated.
  policy: { lifetimeSeconds: 3599, refreshTokenIdleSeconds: 15_552_000 },
  errors: [
    { where: { error: ["deleted_client", "disabled_client"] }, judged: "misconfigured" },
    { where: { error: "admin_policy_enforced" }, status: [400, 403], judged: "denied" },
  ],
  revoke: { url: "https://oauth2.googleapis.com/revoke", clientAuth: "none" },
  identity: { url: "https://openidconnect.googleapis.com/v1/userinfo", id: "sub", name: "email" },
} satisfies Partial<ProviderInput>;

export const googleIdentityScopes = [
  { scope: "openid", why: "tells which account was connected" },
  // By its long name: that is what is granted, also to who asks for "email", so the short one would seem to be missing for good.
  // https://github.com/googleapis/google-api-python-client/pull/1088
  { scope: "https://www.googleapis.com/auth/userinfo.email", why: "shows the account's address to its owner" },
];

export const googleSamples: ProviderInput["samples"] = [
  {
    name: "refreshed, no refresh token in the answer",
    judged: "granted",
    status: 200,
    body: {
      access_token: "ya29.new",
      expires_in: 3599,
      scope: "openid https://www.googleapis.com/auth/userinfo.email",
      token_type: "Bearer",
      id_token: "e30.e30.x",
    },
    expect: {
      ...{ accessToken: "ya29.new", refreshToken: null, expiresIn: 3599 },
      scopes: ["openid", "https://www.googleapis.com/auth/userinfo.email"],
    },
  },
  {
    name: "time-limited consent",
    judged: "granted",
    status: 200,
    body: { access_token: "ya29.new", expires_in: 3599, refresh_token_expires_in: 604_799, token_type: "Bearer" },
    expect: { refreshTokenExpiresIn: 604_799 },
  },
  {
    name: "access withdrawn",
    judged: "denied",
    status: 400,
    body: { error: "invalid_grant", error_description: "Token has been expired or revoked." },
  },
  {
    name: "session control of the workspace",
    judged: "denied",
    status: 400,
    body: {
      error: "invalid_grant",
      error_description: "reauth related error (invalid_rapt)",
      error_subtype: "invalid_rapt",
    },
  },
  {
    name: "wrong secret",
    judged: "misconfigured",
    status: 401,
    body: { error: "invalid_client", error_description: "Unauthorized" },
  },
  {
    name: "client deleted in the console",
    judged: "misconfigured",
    status: 401,
    body: { error: "deleted_client", error_description: "The OAuth client was deleted." },
  },
  {
    name: "throttled",
    judged: "throttled",
    status: 429,
    body: { error: "rate_limit_exceeded" },
    expect: { scope: "provider" },
  },
  { name: "trouble called 400", judged: "transient", status: 400, body: { error: "internal_failure" } },
  { name: "trouble", judged: "transient", status: 503, body: "" },
];
