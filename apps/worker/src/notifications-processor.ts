import type { OutboxEvent } from "@evertoken/adapters";
import type { Engine } from "@evertoken/engine/internal";
import { createNotifier, endpointJob, type Metrics } from "@evertoken/operations";
import type { Job } from "bullmq";

/**
 * Delivers the events of the outbox to the endpoints that want them. Operators also read them in the log: one line per change of
 * state, at `error` where somebody has to act.
 */
export function createNotificationsProcessor(engine: Engine, metrics: Metrics) {
  const notifier = createNotifier(engine, (event) => log(engine, event), metrics);
  return async (job: Job<{ endpointId?: string }>): Promise<{ delivered: number } | undefined> => {
    if (job.name !== endpointJob) return { delivered: await notifier.deliver() };
    await notifier.drain(job.data.endpointId ?? "");
    return undefined;
  };
}

const alerts: ReadonlySet<string> = new Set(["provider.circuit_opened", "token.refresh_failed", "installation.held"]);

function log({ logger }: Engine, { event, connection_id, provider, payload }: OutboxEvent): void {
  const connection = connection_id === null ? {} : { connection: connection_id };
  logger[alerts.has(event) ? "error" : "info"]({ event, provider, ...connection, ...told(payload) }, `event ${event}`);
}

/** What of an event's payload a log may show: the user's id may not. */
function told(payload: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const { status, errorCode, message, reason } = payload;
  return Object.fromEntries(
    Object.entries({ status, errorCode, message, reason }).filter(([, value]) => value != null),
  );
}
