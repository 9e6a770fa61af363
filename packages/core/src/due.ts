import type { RefreshPolicy } from "./policy.ts";
import type { Timing } from "./settings.ts";
import { spreadFraction } from "./spread.ts";

/** What the due time of a token depends on. */
export interface Lifetime {
  readonly connectionId: string;
  readonly issuedAt: Date;
  /** null: the token never expires. */
  readonly expiresAt: Date | null;
  readonly refreshTokenExpiresAt: Date | null;
  /** Whether there is something to refresh it with. */
  readonly refreshable: boolean;
}

/** Share of a token's life that the spread may take: half a percent of an hour is 18 s. */
const spreadShare = 1 / 200;

/** An end of a refresh token that this refresh has left nearer than a minute, or behind, is not moved by hurrying. */
const hopelessMs = 60_000;

/**
 * When a token's refresh is due; null: never.
 *
 * Expiry minus the margin; half of its life for a token that lives less than twice its margin. Tokens that expire in the same
 * second are spread, earlier only. A token that cannot be refreshed is due when it expires: then, and not before, the user has to act.
 * A refresh token that ends first counts as well, while there is time: a fixed end that lies behind, because we took it to be earlier
 * than it is, would make each token due at once.
 */
export function dueAt(token: Lifetime, policy: RefreshPolicy, timing: Timing): Date | null {
  if (token.expiresAt === null) return null;
  if (!token.refreshable) return token.expiresAt;

  const issued = token.issuedAt.getTime();
  const { refreshTokenExpiresAt } = token;
  const counts = refreshTokenExpiresAt !== null && refreshTokenExpiresAt.getTime() - issued >= hopelessMs;
  const end = counts && refreshTokenExpiresAt < token.expiresAt ? refreshTokenExpiresAt : token.expiresAt;
  const life = Math.max(0, end.getTime() - issued);
  const margin = marginMs(policy, timing);
  const latest = life < 2 * margin ? issued + life / 2 : end.getTime() - margin;
  const spread = spreadFraction(token.connectionId) * Math.min(timing.spreadMs, life * spreadShare);
  const youngest = Math.min(issued + policy.minimumAgeSeconds * 1000, end.getTime());
  return new Date(Math.max(Math.round(latest - spread), youngest));
}

/** The provider's own margin where it states one, else the operator's, in ms. */
export function marginMs(policy: RefreshPolicy, timing: Timing): number {
  return policy.marginSeconds === null ? timing.marginMs : policy.marginSeconds * 1000;
}
