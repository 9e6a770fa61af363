import type { Provider } from "./provider.ts";
import { at } from "./read-body.ts";

const year = 365 * 24 * 3600;

/**
 * Seconds that the access token lives, from whatever the answer calls it. Missing, null, zero, negative and unreadable values are
 * `unstated`: then the documented lifetime counts, which is "never" for the providers that send a zero and mean it.
 */
export function readLifetime(
  fields: Readonly<Record<string, unknown>>,
  provider: Pick<Provider, "answer" | "policy">,
  now: Date,
): number | "never" | "unstated" {
  // Zoho: expires_in in milliseconds beside expires_in_sec.
  const relative = number(fields.expires_in_sec) ?? number(fields.expires_in) ?? number(fields.expiresIn);
  const stated =
    relative === null
      ? (fromExpires(fields.expires, now) ??
        fromTimestamp(fields.expires_at ?? fields.expires_on, now) ??
        (provider.answer.expiresIn === "jwt" ? fromJwt(fields.access_token ?? fields.accessToken, now) : null))
      : scale(relative, fields, provider, now);
  if (stated === null || !(stated >= 1)) return "unstated";
  return stated > 100 * year ? "never" : Math.floor(stated);
}

/** Seconds until the refresh token ends, where the answer says so: unused, or for good, whichever comes first. */
export function readRefreshLifetime(fields: Readonly<Record<string, unknown>>): number | null {
  const stated = [
    number(fields.refresh_token_expires_in) ??
      number(fields.refresh_expires_in) ??
      number(fields.x_refresh_token_expires_in),
    number(fields.x_refresh_token_hard_expires_in),
  ].filter((seconds): seconds is number => seconds !== null && seconds >= 1 && seconds <= 100 * year);
  return stated.length === 0 ? null : Math.floor(Math.min(...stated));
}

function scale(
  value: number,
  fields: Readonly<Record<string, unknown>>,
  { answer, policy }: Pick<Provider, "answer" | "policy">,
  now: Date,
): number | null {
  if (number(fields.expires_in_sec) !== null) return value;
  if (answer.expiresIn === "timestamp" || value >= 1e9) return fromTimestamp(value, now);
  if (answer.expiresIn === "milliseconds") return value / 1000;
  // A thousand times what the provider documents can only be milliseconds.
  if (policy.lifetimeSeconds !== null && value >= 900 * policy.lifetimeSeconds) return value / 1000;
  return value;
}

function fromExpires(value: unknown, now: Date): number | null {
  const stated = number(value);
  return stated !== null && stated < 1e9 ? stated : fromTimestamp(value, now);
}

/** From a Unix time in seconds or milliseconds, or a date. */
function fromTimestamp(value: unknown, now: Date): number | null {
  const stated = number(value);
  if (stated !== null) return (stated >= 1e11 ? stated / 1000 : stated) - now.getTime() / 1000;
  const date = typeof value === "string" ? Date.parse(value) : Number.NaN;
  return Number.isNaN(date) ? null : (date - now.getTime()) / 1000;
}

/** From the `exp` of a JWT (RFC 7519 section 4.1.4), unverified: it came straight from who signed it. */
function fromJwt(token: unknown, now: Date): number | null {
  const payload = typeof token === "string" ? token.split(".")[1] : undefined;
  if (payload === undefined) return null;
  try {
    const claims: unknown = JSON.parse(Buffer.from(payload, "base64url").toString());
    return fromTimestamp(at(claims, "exp"), now);
  } catch {
    return null;
  }
}

function number(value: unknown): number | null {
  const read = typeof value === "string" && value.trim() !== "" ? Number(value) : value;
  return typeof read === "number" && Number.isFinite(read) ? read : null;
}
