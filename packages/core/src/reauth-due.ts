import type { RefreshPolicy } from "./policy.ts";
import { fixedEnd } from "./token-end.ts";

/** What is known of a grant's end when a token set comes. */
export interface GrantFacts {
  /** The refresh token's end as the answer states it; null: it does not. */
  readonly stated: Date | null;
  /** The refresh token's end as it was known before. */
  readonly known: Date | null;
  readonly consentedAt: Date;
}

/** Ends that are stated in seconds, and answers that take a while, make the same end come out a little differently. */
const roundingMs = 30_000;

/**
 * The end of a grant that no refresh can move; null: none is known.
 *
 * A provider's file says which kind its ends are of. Where it says nothing, an end counts when a refresh has left it where it was: at the
 * first sight of an end nobody can tell.
 */
export function grantEnd({ stated, known, consentedAt }: GrantFacts, policy: RefreshPolicy): Date | null {
  const fixed = fixedEnd(policy, consentedAt);
  if (policy.refreshTokenIdleSeconds !== null) return fixed; // what such a provider states is the idle end
  if (fixed !== null) return stated ?? known ?? fixed;
  if (stated === null) return known;
  const stayed = known !== null && stated.getTime() <= known.getTime() + roundingMs;
  return stayed ? stated : null;
}

/** So many days before a grant's end it is announced, once each. */
export const reauthDays = [14, 7, 1] as const;
export type ReauthDays = (typeof reauthDays)[number];

export interface EndingGrant {
  readonly grantEndsAt: Date;
  readonly consentedAt: Date;
  /** When its end was announced last. */
  readonly announcedAt: Date | null;
}

const dayMs = 86_400_000;

/**
 * Which announcement of a grant's end is due; null: none. One that was missed is not made up for: the next one tells the same. A grant
 * that is younger than an announcement would be is not announced then: its user was there a moment ago.
 */
export function reauthDue({ grantEndsAt, consentedAt, announcedAt }: EndingGrant, now: Date): ReauthDays | null {
  if (now >= grantEndsAt) return null;
  const begin = (days: number) => new Date(grantEndsAt.getTime() - days * dayMs);
  const days = reauthDays.findLast((candidate) => now >= begin(candidate));
  if (days === undefined || consentedAt >= begin(days)) return null;
  return announcedAt !== null && announcedAt >= begin(days) ? null : days;
}
