import type { Pool } from "pg";
import { shownStatusSql } from "./shown-status.ts";

export interface StoreCounts {
  readonly connections: readonly { provider: string; status: string; count: number }[];
  readonly expiring: readonly { provider: string; count: number }[];
  readonly circuits: readonly { provider: string; registration: string; open: boolean }[];
  readonly undelivered: readonly { kind: string; count: number }[];
}

/** Each from an index alone, or from few rows: cheap at a million connections, though not for each scrape. */
export async function countInStore(pool: Pool, expiringUntil: Date): Promise<StoreCounts> {
  const connections = await pool.query<StoreCounts["connections"][number]>(
    `SELECT provider, ${shownStatusSql} AS status, count(*)::int AS count FROM connections GROUP BY 1, 2`,
  );
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
    ...{ connections: connections.rows, expiring: expiring.rows },
    ...{ circuits: circuits.rows, undelivered: undelivered.rows },
  };
}
