import type { Pool } from "pg";
import { providerStates } from "../store/provider-states.ts";

/** A job may stand this far from its due time: clocks differ, and a refused claim comes back a little later. */
const toleranceMs = 60_000;

/**
 * Whether a delayed job stands where it may stay.
 *
 * @param held its circuit is open, or its provider asked us to wait: it stands where its refused claim put it, however late that is
 */
export function isInPlace(jobAt: Date, dueAt: Date, held: boolean, now: Date, overdueSpreadMs: number): boolean {
  const early = dueAt.getTime() - jobAt.getTime();
  if (early > toleranceMs && jobAt > now) return false;
  // An overdue job stays where it was spread to: to spread it anew at each look would put it off for ever.
  const wanted = dueAt <= now ? now.getTime() + overdueSpreadMs : dueAt.getTime();
  return held || jobAt.getTime() <= wanted + toleranceMs;
}

interface Registered {
  readonly provider: string;
  readonly registration: string;
}

const keyOf = ({ provider, registration }: Registered) => `${provider}/${registration}`;

export const isHeld = (one: Registered, held: ReadonlySet<string>) => held.has(keyOf(one));

/** Those whose refreshes wait at the moment. When they go on, the next look corrects what stands too late. */
export async function heldRegistrations(pool: Pool, now: Date): Promise<Set<string>> {
  const states = await providerStates(pool);
  const waits = states.filter(
    (state) => state.circuit_open || (state.throttled_until !== null && state.throttled_until > now),
  );
  return new Set(waits.map(keyOf));
}
