import type { CircuitCode } from "@evertoken/core";
import type { Pool } from "pg";
import { circuitClosedSql, closedColumns } from "./circuit-sql.ts";

/** A limit of a registration, and an open circuit of it; with several open circuits there are several rows. */
export interface ProviderStateRow {
  readonly provider: string;
  readonly registration: string;
  readonly circuit_open: boolean;
  /** Hash of the client id whose grants the circuit holds; empty: all. */
  readonly circuit_of: string | null;
  readonly code: CircuitCode | null;
  readonly reason: string | null;
  readonly opened_at: Date | null;
  readonly next_probe_at: Date | null;
  readonly throttled_until: Date | null;
}

export async function providerStates(pool: Pool): Promise<ProviderStateRow[]> {
  const { rows } = await pool.query<ProviderStateRow>(
    `SELECT provider, registration, k.open IS NOT NULL AS circuit_open, k.circuit_of, k.code, k.reason, k.opened_at, k.next_probe_at, s.throttled_until
     FROM provider_states s FULL JOIN (SELECT * FROM circuits WHERE open) k USING (provider, registration)
     ORDER BY provider, registration, k.opened_at`,
  );
  return rows;
}

/** Closed by no answer: it is not known whether it works, and nobody is at fault who met it. @returns how many were open */
async function close(pool: Pool, condition: string, values: readonly unknown[], reason: string): Promise<number> {
  const { rowCount } = await pool.query(
    `WITH closed AS (
       UPDATE circuits k SET open = false, closed_at = NULL, believed_at = NULL WHERE k.open AND ${condition}
       RETURNING ${closedColumns})
     ${circuitClosedSql("closed", { reason: "$1::text" })}`,
    [reason, ...values],
  );
  return rowCount ?? 0;
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
): Promise<boolean> {
  const condition = "k.provider = $2 AND k.registration = $3 AND k.fingerprint <> $4";
  return (await close(pool, condition, [provider, registration, fingerprint], "the client secret changed")) > 0;
}

/** Closes every circuit of a provider, whatever opened it: the next refresh shows. @returns whether one was open */
export async function closeCircuits(pool: Pool, provider: string, reason: string): Promise<boolean> {
  return (await close(pool, "k.provider = $2", [provider], reason)) > 0;
}

/**
 * Closes circuits that nobody probes any more: those of a secret that is not the one in use, and of another client id whose grants are
 * gone. While old and new secret work side by side each has its own, and the old one's outlives it. @returns how many
 */
export async function closeLeftCircuits(
  pool: Pool,
  { circuitProbeMs }: { readonly circuitProbeMs: number },
): Promise<number> {
  const condition = `k.next_probe_at < now() - 3 * $2 * interval '1 millisecond' AND (k.circuit_of <> '' OR EXISTS (
    SELECT 1 FROM provider_states s WHERE s.provider = k.provider AND s.registration = k.registration AND s.granted_fingerprint <> k.fingerprint))`;
  return close(pool, condition, [circuitProbeMs], "nobody asks with this secret any more");
}
