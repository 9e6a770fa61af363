import type { Pool } from "pg";
import type { EndpointKind } from "./endpoint.ts";

/** A receiver that has not taken anything for a while. */
export interface FailingEndpoint {
  readonly id: string;
  readonly kind: EndpointKind;
  readonly failingSince: Date;
  /** Deliveries that wait for it. */
  readonly waiting: number;
  /** What the last attempt at the one that waits for longest said. */
  readonly error: string | null;
  /** false: it said that it is gone (410), or was switched off; nothing is sent any more. */
  readonly enabled: boolean;
}

/** A single attempt that fails is tried again within seconds: worth a word is what lasts. */
const lastsMs = 300_000;

/** Those that have failed for more than five minutes, the longest failing first. */
export async function failingEndpoints(pool: Pool): Promise<FailingEndpoint[]> {
  const { rows } = await pool.query<FailingEndpoint>(
    `SELECT e.id, e.kind, e.failing_since AS "failingSince", e.enabled,
       (SELECT count(*)::int FROM webhook_deliveries d WHERE d.endpoint_id = e.id AND d.status = 'pending') AS waiting,
       (SELECT d.error FROM webhook_deliveries d WHERE d.endpoint_id = e.id AND d.status = 'pending' ORDER BY d.attempts DESC LIMIT 1) AS error
     FROM webhook_endpoints e WHERE e.failing_since < now() - $1 * interval '1 millisecond' ORDER BY e.failing_since`,
    [lastsMs],
  );
  return rows;
}
