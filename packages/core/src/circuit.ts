import { spreadFraction } from "./spread.ts";
import type { Timing } from "./timing.ts";

/**
 * # Circuits
 *
 * While answers show that something is wrong with a whole registration, one connection at a time is asked in place of all. There is a
 * circuit per provider, registration and secret (its fingerprint): what one secret meets says nothing about another one's, so that old
 * and new secret may work side by side while a deployment rolls. Grants that were given to another client id have one of their own,
 * which never holds up those of ours.
 *
 * Whoever asks next is somebody who was not asked since it opened: the accounts that are at fault themselves are then all known after
 * as many probes as there are of them, and the next one is granted. Only when all were asked does a new round begin.
 */

/** What is to be known of a connection that meets an open circuit, to say whether it may be its probe. */
export interface Candidate {
  /** Asked since the round began, or marked already: its answer would bring nothing new. */
  readonly asked: boolean;
  /** Somebody else was not asked in this round, and is due now or within a probe interval: worth more than to hear the same again. */
  readonly othersWait: boolean;
}

/** Whether a connection may be the probe. Mirrored in SQL by the claim. */
export function mayProbe({ asked, othersWait }: Candidate, nextProbeAt: Date, now: Date, timing: Timing): boolean {
  if (nextProbeAt > now) return false;
  // Those who should come first may not come at all; then it is better to hear the same again than to hear nothing.
  return !asked || !othersWait || nextProbeAt.getTime() + timing.circuitProbeMs <= now.getTime();
}

/** Soon at first: often it is one account's trouble, and the first other one shows it. Not so soon when it has just been closed. */
export function firstProbeMs(reopened: number, { circuitProbeMs }: Timing): number {
  return Math.min(circuitProbeMs, (circuitProbeMs / 20) * 2 ** Math.min(reopened, 10));
}

/** One that opens again within this time of its closing goes on where it was. */
export const reopensWithinMs = ({ circuitProbeMs }: Timing): number => 2 * circuitProbeMs;

/** For so long after a circuit was closed, those that had met it are at fault themselves when they meet the same again. */
export const suspectedForMs = ({ circuitProbeMs }: Timing): number => Math.max(hour, 4 * circuitProbeMs);

/**
 * When a connection that met an open circuit comes back: spread over half a probe interval, in another order each time, so that they do
 * not all wake at once, and not the same one first.
 */
export function circuitResumeAt(connectionId: string, nextProbeAt: Date, timing: Timing): Date {
  const fraction = spreadFraction(`${connectionId}${nextProbeAt.getTime()}`);
  return new Date(nextProbeAt.getTime() + (fraction * timing.circuitProbeMs) / 2);
}

/** When one comes back that was refused at this moment, be it that the probe is not due yet or that another one comes first. */
export function heldUntil(connectionId: string, nextProbeAt: Date, now: Date, timing: Timing): Date {
  const soonest = now.getTime() + timing.circuitProbeMs / 4;
  return circuitResumeAt(connectionId, nextProbeAt > now ? nextProbeAt : new Date(soonest), timing);
}

const hour = 3_600_000;
