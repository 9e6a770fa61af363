import type { Pool } from "pg";

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
  /** null: not known, or that of the registration. */
  readonly client: string | null;
}

const keyOf = (provider: string, registration: string, client: string) =>
  JSON.stringify([provider, registration, client]);

/** A limit and most circuits hold all of a registration, one that opened for grants of another client id only those. */
export const isHeld = ({ provider, registration, client }: Registered, held: ReadonlySet<string>) =>
  held.has(keyOf(provider, registration, "")) || (client !== null && held.has(keyOf(provider, registration, client)));

/** Whose refreshes wait at the moment. When they go on, the next look corrects what stands too late. */
export async function heldRegistrations(pool: Pool, now: Date): Promise<Set<string>> {
  const { rows } = await pool.query<{ provider: string; registration: string; circuit_of: string }>({
    name: "held-registrations",
    text: `SELECT provider, registration, circuit_of FROM circuits WHERE open
      UNION ALL SELECT provider, registration, '' FROM provider_states WHERE throttled_until > $1`,
    values: [now],
  });
  return new Set(rows.map((row) => keyOf(row.provider, row.registration, row.circuit_of)));
}
