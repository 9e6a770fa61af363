import type { EventName } from "@evertoken/core";
import type { Pool, PoolClient } from "pg";
import { givenRows } from "./given-rows.ts";

export interface OutboxEvent {
  readonly id: string;
  readonly event: EventName;
  readonly connection_id: string | null;
  readonly provider: string;
  readonly payload: Readonly<Record<string, unknown>>;
  readonly created_at: Date;
}

/**
 * Hands undelivered events to `deliver`, oldest first, and marks them as taken over in the same transaction. Rows stay locked
 * meanwhile, so that two processes never take the same one side by side; after a crash in between it never happened.
 *
 * @returns the events that were taken over
 */
export async function deliverOutbox(
  pool: Pool,
  deliver: (client: PoolClient, events: readonly OutboxEvent[]) => Promise<void>,
  limit = 500,
): Promise<OutboxEvent[]> {
  const client = await pool.connect();
  // The pool listens to idle clients only: a server that goes away while this one is ours would end the process.
  const queryTells = () => {};
  client.on("error", queryTells);
  let broken: Error | undefined;
  try {
    await client.query("BEGIN");
    const { rows } = await client.query<OutboxEvent>(
      `SELECT id, event, connection_id, provider, payload, created_at FROM outbox
       WHERE delivered_at IS NULL ORDER BY id LIMIT $1 FOR UPDATE SKIP LOCKED`,
      [limit],
    );
    if (rows.length > 0) {
      await deliver(client, rows);
      await client.query(
        `UPDATE outbox o SET delivered_at = now() FROM ${givenRows("r", "id bigint")} WHERE o.id = r.id`,
        [JSON.stringify(rows.map(({ id }) => ({ id })))],
      );
    }
    await client.query("COMMIT");
    return rows;
  } catch (error) {
    // Not back into the pool: it may be gone, or still wait for the answer to a query that timed out. Its end rolls back.
    broken = error instanceof Error ? error : new Error("delivery failed");
    throw error;
  } finally {
    client.off("error", queryTells);
    client.release(broken);
  }
}
