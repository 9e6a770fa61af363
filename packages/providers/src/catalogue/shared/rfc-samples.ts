import type { ProviderInput } from "../../provider.ts";

type Samples = NonNullable<ProviderInput["samples"]>;

/** Errors as RFC 6749 section 5.2 has them, for providers that keep to it. */
export const rfcErrors: Samples = [
  {
    name: "dead grant",
    judged: "denied",
    status: 400,
    body: { error: "invalid_grant", error_description: "The refresh token is invalid." },
  },
  {
    name: "wrong secret",
    judged: "misconfigured",
    status: 401,
    body: { error: "invalid_client", error_description: "Client authentication failed" },
  },
];

/** Limits and trouble as HTTP has them. */
export const httpTrouble: Samples = [
  {
    name: "throttled",
    judged: "throttled",
    status: 429,
    headers: { "retry-after": "30" },
    body: "Retry later",
    expect: { retryAfterMs: 30_000 },
  },
  { name: "trouble", judged: "transient", status: 503, body: "Service Unavailable" },
];

/** A refresh that rotates. */
export function rotated(expiresIn: number, more: Record<string, unknown> = {}): Samples[number] {
  return {
    name: "refreshed and rotated",
    judged: "granted",
    status: 200,
    body: {
      access_token: "access-new",
      token_type: "bearer",
      expires_in: expiresIn,
      refresh_token: "refresh-new",
      ...more,
    },
    expect: { accessToken: "access-new", refreshToken: "refresh-new", expiresIn },
  };
}

/** A refresh whose answer holds no refresh token. */
export function kept(expiresIn: number, more: Record<string, unknown> = {}): Samples[number] {
  return {
    name: "refreshed, no refresh token in the answer",
    judged: "granted",
    status: 200,
    body: { access_token: "access-new", token_type: "bearer", expires_in: expiresIn, ...more },
    expect: { accessToken: "access-new", refreshToken: null, expiresIn },
  };
}
