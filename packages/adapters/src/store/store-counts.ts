import type { Pool } from "pg";
import { shownStatusSql } from "./shown-status.ts";

export interface StatusCount {
  readonly provider: string;
  readonly status: string;
  readonly count: number;
}

export interface StoreCounts {
  readonly expiring: readonly { provider: string; count: number }[];
  readonly circuits: readonly { provider: string; registration: string; open: boolean }[];
  readonly undelivered: readonly { kind: string; count: number }[];
}

/** From an index alone, but from all of it: most of a second for a million. */
export async function countConnectionsByStatus(pool: Pool): Promise<readonly StatusCount[]> {
  const { rows } = await pool.query<StatusCount>(
    `SELECT provider, ${shownStatusSql} AS status, count(*)::int AS count FROM connections GROUP BY 1, 2`,
  );
  return rows;
}

/** Each from few rows. */
export async function countInStore(pool: Pool, expiringUntil: Date): Promise<StoreCounts> {
  const expiring = await pool.query<StoreCounts["expiring"][number]>(
    `SELECT provider, count(*)::int AS count FROM connections WHERE next_refresh_at <= $1 AND expires_at > now() AND expires_at <= $1
       AND auth_type = 'oauth2' AND status NOT IN ('disconnected', 'needs_reauth') GROUP BY provider`,
    [expiringUntil],
  );
  const circuits = await pool.query<StoreCounts["circuits"][number]>(
    "SELECT provider, registration, bool_or(open) AS open FROM circuits GROUP BY provider, registration",
  );
  const undelivered = await pool.query<StoreCounts["undelivered"][number]>(
    `SELECT e.kind, count(*)::int AS count FROM webhook_deliveries d JOIN webhook_endpoints e ON e.id = d.endpoint_id AND e.enabled
     WHERE d.status = 'pending' GROUP BY e.kind`,
  );
  return {
    ...{ expiring: expiring.rows, circuits: circuits.rows, undelivered: undelivered.rows },
  };
}
