import type { EventName } from "@evertoken/core";
import type { Pool } from "pg";

export interface OutboxEvent {
  readonly id: string;
  readonly event: EventName;
  readonly connection_id: string | null;
  readonly provider: string;
  readonly payload: Readonly<Record<string, unknown>>;
  readonly created_at: Date;
}

/**
 * Hands undelivered events to `deliver`, oldest first, and marks those that it took. Rows stay locked meanwhile, so that two
 * processes never deliver the same one side by side; a crash in between delivers again.
 *
 * @returns how many were delivered
 */
export async function deliverOutbox(
  pool: Pool,
  deliver: (event: OutboxEvent) => Promise<void>,
  limit = 100,
): Promise<number> {
  const client = await pool.connect();
  try {
    await client.query("BEGIN");
    const { rows } = await client.query<OutboxEvent>(
      `SELECT id, event, connection_id, provider, payload, created_at FROM outbox
       WHERE delivered_at IS NULL ORDER BY id LIMIT $1 FOR UPDATE SKIP LOCKED`,
      [limit],
    );
    for (const event of rows) await deliver(event);
    await client.query("UPDATE outbox SET delivered_at = now() WHERE id = ANY($1::bigint[])", [
      rows.map(({ id }) => id),
    ]);
    await client.query("COMMIT");
    return rows.length;
  } catch (error) {
    await client.query("ROLLBACK").catch(() => {}); // the connection may be gone, which rolls back as well
    throw error;
  } finally {
    client.release();
  }
}
