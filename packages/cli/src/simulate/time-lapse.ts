import type { ComingRefreshes } from "@evertoken/adapters";
import { dueAt, type RefreshPolicy, type Timing } from "@evertoken/core";

/** What may be done for a provider in a minute. */
export interface Limits {
  /** What the provider allows, or we have set; null: nothing is known. */
  readonly limitPerMinute: number | null;
  /** What the workers can do. */
  readonly capacityPerMinute: number;
}

export interface Foreseen {
  readonly refreshes: number;
  readonly peak: { readonly perMinute: number; readonly at: Date };
  /** How late the latest refresh would be, in minutes: what is due waits behind the lower of both limits. */
  readonly mostBehindMinutes: number;
}

export interface Span {
  readonly from: Date;
  readonly until: Date;
}

const minuteMs = 60_000;
/** A token whose times make no sense would be refreshed for ever at one moment. */
const leastStepMs = 1000;

/** How many refreshes come due in each minute, if every one succeeds and each new token lives as long as the one before. */
export function countByMinute(
  coming: readonly ComingRefreshes[],
  { from, until }: Span,
  policy: RefreshPolicy,
  timing: Timing,
): Uint32Array {
  const minutes = new Uint32Array(Math.ceil((until.getTime() - from.getTime()) / minuteMs));
  for (const group of coming) {
    for (
      let at = firstOf(group, policy, timing);
      at !== null && at < until.getTime();
      at = next(at, group, policy, timing)
    ) {
      const minute = Math.max(0, Math.floor((at - from.getTime()) / minuteMs));
      minutes[minute] = (minutes[minute] ?? 0) + group.connections;
      if (at < from.getTime()) at = from.getTime();
    }
  }
  return minutes;
}

/** By today's margin, whatever it was when the job was made. */
function firstOf(group: ComingRefreshes, policy: RefreshPolicy, timing: Timing): number | null {
  const { expiresAt } = group;
  const lifeMs = lifeOf(group, policy);
  if (expiresAt === null || lifeMs === null) return group.dueAt.getTime();
  return dueOf(new Date(expiresAt.getTime() - lifeMs), expiresAt, policy, timing);
}

function next(at: number, group: ComingRefreshes, policy: RefreshPolicy, timing: Timing): number | null {
  const lifeMs = lifeOf(group, policy);
  const due = dueOf(new Date(at), lifeMs === null ? null : new Date(at + lifeMs), policy, timing);
  return due === null ? null : Math.max(due, at + Math.max(leastStepMs, timing.leastApartMs));
}

function dueOf(issuedAt: Date, expiresAt: Date | null, policy: RefreshPolicy, timing: Timing): number | null {
  const token = { connectionId: "", issuedAt, expiresAt, refreshTokenExpiresAt: null, refreshable: true };
  return dueAt(token, policy, { ...timing, spreadMs: 0 })?.getTime() ?? null;
}

function lifeOf({ lifetimeSeconds, expiresAt }: ComingRefreshes, policy: RefreshPolicy): number | null {
  if (expiresAt === null) return null;
  const seconds = lifetimeSeconds !== null && lifetimeSeconds > 0 ? lifetimeSeconds : policy.lifetimeSeconds;
  return seconds === null ? null : seconds * 1000;
}

/** What comes of so many a minute when no more than the limits allow are done, and the rest waits. */
export function foresee(minutes: Uint32Array, { from }: Span, { limitPerMinute, capacityPerMinute }: Limits): Foreseen {
  const served = Math.min(limitPerMinute ?? Number.POSITIVE_INFINITY, capacityPerMinute);
  let [refreshes, waiting, most, peak, peakAt] = [0, 0, 0, 0, 0];
  minutes.forEach((due, minute) => {
    refreshes += due;
    if (due > peak) [peak, peakAt] = [due, minute];
    waiting = Math.max(0, waiting + due - served);
    most = Math.max(most, waiting / served);
  });
  return {
    refreshes,
    peak: { perMinute: peak, at: new Date(from.getTime() + peakAt * minuteMs) },
    mostBehindMinutes: Math.round(most * 10) / 10,
  };
}
