import { givenRows } from "@evertoken/adapters";
import { alertKinds, eventsFor } from "@evertoken/core";
import type { PoolClient } from "pg";

/**
 * One delivery per event and endpoint that wants it; the same call again changes nothing. Alerts about connections wait for the
 * window, so that others of the same cause can join; what concerns a whole provider goes out at once.
 */
export async function fanOut(client: PoolClient, eventIds: readonly string[], alertWindowMs: number): Promise<void> {
  await client.query({
    name: "notify-fan-out",
    text: `INSERT INTO webhook_deliveries (endpoint_id, event_id, next_attempt_at)
      SELECT e.id, o.id, CASE WHEN e.kind = ANY($2) AND o.connection_id IS NOT NULL
        THEN now() + $4 * interval '1 millisecond' ELSE now() END
      FROM ${givenRows("r", "id bigint")} JOIN outbox o ON o.id = r.id CROSS JOIN webhook_endpoints e
      WHERE e.enabled AND CASE
        WHEN e.kind = 'user_email' THEN o.event = ANY($5) AND EXISTS (
          SELECT 1 FROM connections c WHERE c.id = o.connection_id AND c.user_email IS NOT NULL)
        WHEN cardinality(e.events) > 0 THEN o.event = ANY(e.events)
        WHEN e.kind = ANY($2) THEN o.event = ANY($3)
        ELSE o.event = ANY($6) END
        AND (e.tags = '{}' OR EXISTS (
          SELECT FROM connection_tags t WHERE t.connection_id = o.connection_id AND t.tag = ANY(e.tags)))
      ON CONFLICT (endpoint_id, event_id) DO NOTHING`,
    values: [
      ...[JSON.stringify(eventIds.map((id) => ({ id }))), alertKinds, eventsFor("operators"), alertWindowMs],
      ...[eventsFor("user"), eventsFor("apps")],
    ],
  });
}
