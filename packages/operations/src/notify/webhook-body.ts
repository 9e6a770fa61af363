import type { Delivery } from "./delivery.ts";

/** The same for all attempts, endpoints and replays of an event, so that a receiver can tell a repetition. */
export const eventId = (delivery: Pick<Delivery, "event_id">) => `evt_${delivery.event_id}`;

/** What receivers get. Named field by field: whatever else an event may carry some day stays here. */
export function webhookBody(delivery: Delivery): string {
  const { event, connection_id, provider, payload, created_at, tags } = delivery;
  return JSON.stringify({
    id: eventId(delivery),
    type: event,
    timestamp: created_at.toISOString(),
    data: {
      connectionId: connection_id,
      userId: text(payload.userId),
      provider,
      tags,
      status: text(payload.status),
      errorCode: text(payload.errorCode),
      message: text(payload.message) ?? text(payload.reason),
      expiresAt: time(payload.expiresAt),
      grantEndsAt: time(payload.grantEndsAt),
    },
  });
}

export function text(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}

/** Postgres writes times of its JSON with an offset; JavaScript's form is the same everywhere in the body. */
function time(value: unknown): string | null {
  const at = typeof value === "string" ? new Date(value) : null;
  return at === null || Number.isNaN(at.getTime()) ? null : at.toISOString();
}
