import type { Pool } from "pg";

/** One event on its way to one endpoint, as it may be shown. */
export interface DeliveryView {
  readonly id: string;
  readonly endpointId: string;
  readonly eventId: string;
  readonly event: string;
  readonly connectionId: string | null;
  readonly provider: string;
  readonly status: "pending" | "delivered" | "failed";
  readonly attempts: number;
  readonly httpStatus: number | null;
  readonly error: string | null;
  readonly nextAttemptAt: Date | null;
  readonly deliveredAt: Date | null;
  readonly createdAt: Date;
}

export interface DeliveryFilter {
  readonly endpointId?: string;
  readonly status?: string;
  /** The id of the last one seen: newest come first. */
  readonly before?: string;
  readonly limit?: number;
}

const columns = `d.id::text, d.endpoint_id AS "endpointId", 'evt_' || d.event_id AS "eventId", o.event,
  o.connection_id AS "connectionId", o.provider, d.status, d.attempts, d.http_status AS "httpStatus", d.error,
  greatest(d.next_attempt_at, CASE WHEN d.status = 'pending' THEN e.held_until END) AS "nextAttemptAt", d.delivered_at AS "deliveredAt", d.created_at AS "createdAt"`;

export async function listDeliveries(pool: Pool, filter: DeliveryFilter = {}): Promise<DeliveryView[]> {
  const { endpointId, status, before, limit = 50 } = filter;
  const { rows } = await pool.query<DeliveryView>(
    `SELECT ${columns} FROM webhook_deliveries d JOIN outbox o ON o.id = d.event_id
     JOIN webhook_endpoints e ON e.id = d.endpoint_id
     WHERE ($1::text IS NULL OR d.endpoint_id::text = $1) AND ($2::text IS NULL OR d.status = $2)
       AND ($3::bigint IS NULL OR d.id < $3) ORDER BY d.id DESC LIMIT $4`,
    [endpointId ?? null, status ?? null, isId(before) ? before : null, Math.min(Math.max(1, limit), 1000)],
  );
  return rows;
}

/**
 * Delivers once more, with the same event id and all attempts anew; the caller nudges delivery afterwards.
 *
 * @returns false: there is no such delivery, or its event was pruned
 */
export async function replayDelivery(pool: Pool, id: string): Promise<boolean> {
  if (!isId(id)) return false;
  const { rowCount } = await pool.query(
    `UPDATE webhook_deliveries d SET status = 'pending', attempts = 0, next_attempt_at = now(), delivered_at = NULL, error = NULL,
       http_status = NULL FROM outbox o WHERE d.id = $1 AND o.id = d.event_id`,
    [id],
  );
  return (rowCount ?? 0) > 0;
}

const isId = (id: string | undefined): id is string => id !== undefined && /^\d{1,18}$/.test(id);
