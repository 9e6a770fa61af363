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
  /** When the last attempt was made, and how long its answer took. */
  readonly attemptedAt: Date | null;
  readonly answerMs: number | null;
  readonly createdAt: Date;
}

export interface DeliveryFilter {
  /** One alone. */
  readonly id?: string;
  readonly endpointId?: string;
  readonly status?: string;
  /** The id of the last one seen: newest come first. */
  readonly before?: string;
  readonly limit?: number;
}

const columns = `d.id::text, d.endpoint_id AS "endpointId", 'evt_' || d.event_id AS "eventId", o.event,
  o.connection_id AS "connectionId", o.provider, d.status, d.attempts, d.http_status AS "httpStatus", d.error,
  greatest(d.next_attempt_at, CASE WHEN d.status = 'pending' THEN e.held_until END) AS "nextAttemptAt", d.delivered_at AS "deliveredAt",
  d.attempted_at AS "attemptedAt", d.answer_ms AS "answerMs", d.created_at AS "createdAt"`;

/** By an index that begins with the endpoint: events are in the order of their ids, and so are their deliveries. */
export async function listDeliveries(pool: Pool, filter: DeliveryFilter = {}): Promise<DeliveryView[]> {
  const { id, endpointId, status, before, limit = 50 } = filter;
  if ([id, before].some((given) => given !== undefined && !isId(given))) return [];
  const values: unknown[] = [Math.min(Math.max(1, limit), 1000)];
  const is = (sql: (parameter: string) => string, value: unknown) =>
    value === undefined ? [] : [sql(`$${values.push(value)}`)];
  const conditions = [
    ...is((parameter) => `d.id = ${parameter}`, id),
    ...is((parameter) => `d.endpoint_id = ${parameter}::uuid`, endpointId),
    ...is((parameter) => `d.status = ${parameter}`, status),
    ...is((parameter) => `d.event_id < (SELECT event_id FROM webhook_deliveries WHERE id = ${parameter})`, before),
  ];
  const { rows } = await pool.query<DeliveryView>(
    `SELECT ${columns} FROM webhook_deliveries d JOIN outbox o ON o.id = d.event_id JOIN webhook_endpoints e ON e.id = d.endpoint_id
     ${conditions.length === 0 ? "" : `WHERE ${conditions.join(" AND ")}`} ORDER BY d.event_id DESC, d.id DESC LIMIT $1`,
    values,
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

const replayedAtOnce = 1000;

/** Delivers once more whatever this endpoint did not take, of those that were given up. @returns how many; the caller nudges delivery */
export async function replayFailed(pool: Pool, endpointId: string): Promise<number> {
  for (let total = 0; ; ) {
    const { rowCount } = await pool.query(
      `UPDATE webhook_deliveries d SET status = 'pending', attempts = 0, next_attempt_at = now(), error = NULL, http_status = NULL
       WHERE d.id IN (SELECT f.id FROM webhook_deliveries f JOIN outbox o ON o.id = f.event_id
         WHERE f.endpoint_id::text = $1 AND f.status = 'failed' ORDER BY f.id LIMIT $2)`,
      [endpointId, replayedAtOnce],
    );
    total += rowCount ?? 0;
    if ((rowCount ?? 0) < replayedAtOnce) return total;
  }
}

const isId = (id: string | undefined): id is string => id !== undefined && /^\d{1,18}$/.test(id);
