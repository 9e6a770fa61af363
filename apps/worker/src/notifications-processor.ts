import { deliverOutbox } from "@evertoken/adapters";
import type { Engine } from "@evertoken/client/engine";

/**
 * Delivers the events of the outbox, in order. Operators read them in the log: one line per change of state, at `error` where
 * somebody has to act.
 */
export function createNotificationsProcessor({ pool, logger }: Engine) {
  return async (): Promise<{ delivered: number }> => {
    let delivered = 0;
    for (;;) {
      const count = await deliverOutbox(pool, async ({ event, connection_id, provider, payload }) => {
        const line = {
          event,
          provider,
          ...(connection_id === null ? {} : { connection: connection_id }),
          ...told(payload),
        };
        logger[alerts.has(event) ? "error" : "info"](line, `event ${event}`);
      });
      delivered += count;
      if (count === 0) return { delivered };
    }
  };
}

const alerts: ReadonlySet<string> = new Set(["provider.circuit_opened", "token.refresh_failed"]);

/** What of an event's payload a log may show: the user's id may not. */
function told(payload: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const { status, errorCode, message, reason } = payload;
  return Object.fromEntries(
    Object.entries({ status, errorCode, message, reason }).filter(([, value]) => value != null),
  );
}
