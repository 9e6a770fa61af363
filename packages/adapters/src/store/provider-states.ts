import type { CircuitCode } from "@evertoken/core";
import type { Pool } from "pg";

export interface ProviderStateRow {
  readonly provider: string;
  readonly registration: string;
  readonly circuit_open: boolean;
  readonly code: CircuitCode | null;
  readonly reason: string | null;
  readonly opened_at: Date | null;
  readonly next_probe_at: Date | null;
  readonly throttled_until: Date | null;
}

export async function providerStates(pool: Pool): Promise<ProviderStateRow[]> {
  const { rows } = await pool.query<ProviderStateRow>(
    `SELECT provider, registration, circuit_open, code, reason, opened_at, next_probe_at, throttled_until
     FROM provider_states ORDER BY provider, registration`,
  );
  return rows;
}

/**
 * A circuit that opened for another secret than ours may be mended: it closes, and the next refresh shows.
 * @returns whether one was open
 */
export async function closeCircuitOfOtherSecret(
  pool: Pool,
  provider: string,
  registration: string,
  fingerprint: string,
  now: Date,
): Promise<boolean> {
  const { rowCount } = await pool.query(
    `WITH closed AS (
       UPDATE provider_states SET circuit_open = false, closed_at = $4, opened_by = NULL
       WHERE provider = $1 AND registration = $2 AND fingerprint <> $3 AND circuit_open RETURNING provider)
     INSERT INTO outbox (event, provider, payload)
     SELECT 'provider.circuit_closed', provider, jsonb_build_object('reason', 'the client secret changed') FROM closed`,
    [provider, registration, fingerprint, now],
  );
  return (rowCount ?? 0) > 0;
}

/** Closes every circuit of a provider, whatever opened it: the next refresh shows. @returns whether one was open */
export async function closeCircuits(pool: Pool, provider: string, reason: string, now: Date): Promise<boolean> {
  const { rowCount } = await pool.query(
    `WITH closed AS (
       UPDATE provider_states SET circuit_open = false, closed_at = $3, opened_by = NULL
       WHERE provider = $1 AND circuit_open RETURNING provider)
     INSERT INTO outbox (event, provider, payload)
     SELECT 'provider.circuit_closed', provider, jsonb_build_object('reason', $2::text) FROM closed`,
    [provider, reason, now],
  );
  return (rowCount ?? 0) > 0;
}
