import type { OutboxEvent } from "@evertoken/adapters";
import type { Engine } from "@evertoken/engine/internal";
import { makeConnectLink, reconnectUrl } from "@evertoken/engine/internal";
import type { Metrics } from "../process/metrics.ts";
import { httpSendingOf } from "./http-sending.ts";
import { Notifier } from "./notifier.ts";
import type { ToReconnect } from "./reconnect-mail.ts";
import { createSendMail } from "./send-mail.ts";

/** Event delivery with the engine's own exchange: no redirect, TLS verified, private addresses refused unless allowed. */
export function createNotifier(engine: Engine, onEvent: (event: OutboxEvent) => void, metrics?: Metrics): Notifier {
  const { pool, keyring, config, queues, providers, logger } = engine;
  const { notify } = config;
  return new Notifier({
    ...{ pool, keyring, notify, onEvent },
    queue: queues.fixed("notifications"),
    http: httpSendingOf(engine),
    sendMail: createSendMail(notify),
    providerName: (id) => providers.get(id)?.provider.name ?? id,
    reconnectLink: async (connection) => reconnectUrl(config, connection) ?? (await pageLink(engine, connection)),
    random: Math.random,
    onDelivered: ({ kind, deliveries }) => metrics?.deliveries.inc({ kind, outcome: "delivered" }, deliveries),
    onFailure: ({ endpoint, kind, error, deliveries }) => {
      metrics?.deliveries.inc({ kind, outcome: "failed" }, deliveries);
      logger.warn({ endpoint, kind, deliveries, reason: error }, "an event could not be delivered");
    },
  });
}

const mailLinkSeconds = 86_400;

/** Our own connect page, for an app that has none; good for a day, since a mail is not read at once. */
async function pageLink(engine: Engine, { id, user_id: userId, provider }: ToReconnect): Promise<string | null> {
  if (engine.config.connect.publicUrl === null) return null;
  return makeConnectLink(engine, { userId, providers: [provider], ttlSeconds: mailLinkSeconds }, id);
}
