import type { Pool } from "pg";
import { standsSql } from "./circuit-sql.ts";

/** Whether a connection `x` tells nothing new about a circuit `k`: it was asked in this round, or is marked. */
const askedSql = (
  x: string,
) => `(${x}.status IN ('error', 'needs_reauth') OR coalesce(${x}.lease_started_at >= k.round_started_at, false) OR EXISTS (
  SELECT 1 FROM faults f WHERE f.connection_id = ${x}.id AND f.at >= k.round_started_at AND f.fingerprint = k.fingerprint))`;

/**
 * Of all that meet an open circuit when its probe is due, one gets through: somebody who was not asked since the round began, as long as
 * there is one who is due within an interval (`mayProbe` in core says why). A forced one goes in any case, in place of the next probe.
 */
const sql = `
UPDATE circuits k SET next_probe_at = greatest(k.next_probe_at, $2 + $3 * interval '1 millisecond'),
  round_started_at = CASE WHEN ${askedSql("c")} THEN clock_timestamp() ELSE k.round_started_at END
FROM connections c
WHERE c.id = $1 AND ${standsSql("k", "$4")}
  AND ($5 OR (k.next_probe_at <= $2
    AND NOT EXISTS (SELECT 1 FROM circuits also WHERE ${standsSql("also", "$4")} AND also.next_probe_at > $2)
    AND (NOT ${askedSql("c")} OR k.next_probe_at <= $2 - $3 * interval '1 millisecond' OR NOT EXISTS (
      SELECT 1 FROM connections o WHERE o.provider = k.provider AND o.registration = k.registration AND o.id <> c.id
        AND o.next_refresh_at <= $2 + $3 * interval '1 millisecond' AND o.auth_type = 'oauth2' AND o.status IN ('connected', 'token_expired') AND o.lease_owner IS NULL
        AND (o.not_before IS NULL OR o.not_before <= $2) AND (k.circuit_of = '' OR o.client = k.circuit_of) AND NOT ${askedSql("o")}))))`;

export interface Probe {
  readonly id: string;
  readonly now: Date;
  readonly force: boolean;
}

/** @returns whether this connection is the probe */
export async function winProbe(
  pool: Pool,
  { id, now, force }: Probe,
  { probeMs, fingerprints }: { readonly probeMs: number; readonly fingerprints: Readonly<Record<string, string>> },
): Promise<boolean> {
  const { rowCount } = await pool.query({
    name: "claim-probe",
    text: sql,
    values: [id, now, probeMs, JSON.stringify(fingerprints), force],
  });
  return (rowCount ?? 0) > 0 || force;
}
