import type { Pool } from "pg";

/** Of one provider: the refreshes that should have run. */
export interface LateProvider {
  readonly provider: string;
  readonly late: number;
  readonly due_at: Date;
  /** Which of them should have run first. */
  readonly id: string;
}

/**
 * What is late although nothing told it to wait: neither a circuit nor a limit of its registration, nor a time that the provider gave.
 * The longest late first. One pass over what is due, and over nothing else.
 */
export async function lateConnections(pool: Pool, dueBefore: Date, now: Date): Promise<LateProvider[]> {
  const { rows } = await pool.query<LateProvider>({
    name: "connections-late",
    text: `SELECT l.provider, l.late, l.due_at, first.id FROM (
        SELECT c.provider, count(*)::int AS late, min(c.next_refresh_at) AS due_at FROM connections c
        WHERE c.next_refresh_at < $1 AND c.auth_type = 'oauth2' AND c.status NOT IN ('disconnected', 'needs_reauth')
          AND (c.not_before IS NULL OR c.not_before <= $2)
          AND NOT EXISTS (SELECT 1 FROM circuits k
            WHERE k.provider = c.provider AND k.registration = c.registration AND k.open AND k.circuit_of IN ('', c.client))
          AND NOT EXISTS (SELECT 1 FROM provider_states s
            WHERE s.provider = c.provider AND s.registration = c.registration AND s.throttled_until > $2)
        GROUP BY c.provider) l
      CROSS JOIN LATERAL (
        SELECT c.id FROM connections c WHERE c.next_refresh_at = l.due_at AND c.provider = l.provider LIMIT 1) first
      ORDER BY l.due_at, l.provider`,
    values: [dueBefore, now],
  });
  return rows;
}
