import type { GrantedTokens } from "./outcome.ts";
import type { RefreshPolicy } from "./policy.ts";

/**
 * When an access token ends: by the answer's own word, else by the provider's documented lifetime; null: never.
 *
 * @param askedAt when it was asked for: latency makes us early, never late
 */
export function accessTokenEnd(
  { expiresIn }: Pick<GrantedTokens, "expiresIn">,
  { lifetimeSeconds }: Pick<RefreshPolicy, "lifetimeSeconds">,
  askedAt: Date,
): Date | null {
  if (expiresIn === "never") return null;
  return endAfter(expiresIn === "unstated" ? lifetimeSeconds : expiresIn, askedAt);
}

/** When a refresh token ends: by the answer's own word, else by the idle end, which each use moves; null: neither says anything. */
export function refreshTokenEnd(
  { refreshTokenExpiresIn }: Pick<GrantedTokens, "refreshTokenExpiresIn">,
  { refreshTokenIdleSeconds }: Pick<RefreshPolicy, "refreshTokenIdleSeconds">,
  askedAt: Date,
): Date | null {
  return endAfter(refreshTokenExpiresIn ?? refreshTokenIdleSeconds, askedAt);
}

/** The fixed end, which no use moves, counted from a consent; null: none is known. */
export function fixedEnd({ refreshTokenFixedSeconds }: RefreshPolicy, consentedAt: Date): Date | null {
  return endAfter(refreshTokenFixedSeconds, consentedAt);
}

const endAfter = (seconds: number | null, start: Date) =>
  seconds === null ? null : new Date(start.getTime() + seconds * 1000);
