import type { RefreshPolicy } from "./policy.ts";
import { spreadFraction } from "./spread.ts";
import type { Timing } from "./timing.ts";

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
 * than it is, would make each token due at once. One that ends when it is not used is used after half of that time at the latest, even
 * if the access token lives on.
 */
export function dueAt(token: Lifetime, policy: RefreshPolicy, timing: Timing): Date | null {
  if (!token.refreshable) return token.expiresAt;
  const dues = [beforeExpiry(token, policy, timing), beforeIdle(token, policy, timing)].filter((due) => due !== null);
  return dues.length === 0 ? null : new Date(Math.min(...dues.map((due) => due.getTime())));
}

function beforeExpiry(token: Lifetime, policy: RefreshPolicy, timing: Timing): Date | null {
  if (token.expiresAt === null) return null;
  const issued = token.issuedAt.getTime();
  const left = refreshTokenLife(token);
  const life = Math.max(0, Math.min(token.expiresAt.getTime() - issued, left ?? Number.POSITIVE_INFINITY));
  const margin = marginMs(policy, timing);
  const latest = issued + (life < 2 * margin ? life / 2 : life - margin);
  const youngest = issued + Math.min(policy.minimumAgeSeconds * 1000, life);
  return new Date(Math.max(Math.round(latest - spreadOf(token, life, timing)), youngest));
}

/** Half of the idle time: a margin of minutes would leave a grant of months to a few tries. */
function beforeIdle(token: Lifetime, policy: RefreshPolicy, timing: Timing): Date | null {
  if (policy.refreshTokenIdleSeconds === null) return null;
  const life = refreshTokenLife(token) ?? policy.refreshTokenIdleSeconds * 1000;
  return new Date(Math.round(token.issuedAt.getTime() + life / 2 - spreadOf(token, life, timing)));
}

/** In ms; null: no end is known, or one that is not worth minding. */
function refreshTokenLife({ issuedAt, refreshTokenExpiresAt }: Lifetime): number | null {
  const life = refreshTokenExpiresAt === null ? 0 : refreshTokenExpiresAt.getTime() - issuedAt.getTime();
  return life >= hopelessMs ? life : null;
}

function spreadOf({ connectionId }: Lifetime, life: number, timing: Timing): number {
  return spreadFraction(connectionId) * Math.min(timing.spreadMs, life * spreadShare);
}

/** The provider's own margin where it states one, else the operator's, in ms. */
export function marginMs(policy: RefreshPolicy, timing: Timing): number {
  return policy.marginSeconds === null ? timing.marginMs : policy.marginSeconds * 1000;
}
