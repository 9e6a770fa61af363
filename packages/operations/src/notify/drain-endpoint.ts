import type { Keyring, NotifyConfig } from "@evertoken/adapters";
import { alertChannel } from "@evertoken/core";
import type { Pool } from "pg";
import { alertText } from "./alert-text.ts";
import { type AttemptResult, type Failed, failed, retryDelayMs } from "./attempt.ts";
import {
  claimDeliveries,
  claimGroup,
  type Delivery,
  hold,
  isHeldBack,
  markDelivered,
  markFailed,
  noteEndpoint,
} from "./delivery.ts";
import { type Endpoint, openEndpoint } from "./endpoint.ts";
import { sendReconnectMail, type ToReconnect } from "./reconnect-mail.ts";
import { sendAlert } from "./send-alert.ts";
import { type HttpSending, sendWebhook } from "./send-http.ts";
import type { SendMail } from "./send-mail.ts";

export interface DrainDeps {
  readonly pool: Pool;
  readonly keyring: Keyring;
  readonly notify: NotifyConfig;
  readonly http: HttpSending;
  readonly sendMail: SendMail | null;
  readonly providerName: (id: string) => string;
  readonly reconnectLink: (connection: ToReconnect) => Promise<string | null>;
  readonly random: () => number;
  readonly onDelivered: (sent: { kind: string; deliveries: number }) => void;
  /** Called with each failure; nothing in it is secret. */
  readonly onFailure: (failure: { endpoint: string; kind: string; error: string; deliveries: number }) => void;
}

/** Requests to one receiver at once. */
const atOnce = 4;
/** After this time an endpoint with more to do lets others have the slot. */
const sliceMs = 5000;

/** Sends what is due for one endpoint, until nothing is, the receiver does not answer, or the slice of time is used. */
export async function drainEndpoint(endpointId: string, deps: DrainDeps): Promise<void> {
  const endpoint = await openEndpoint(deps.pool, deps.keyring, deps.notify, endpointId);
  if (endpoint === null) return;
  if (endpoint.failingSince !== null && (await isHeldBack(deps.pool, endpointId))) return;
  for (const end = Date.now() + sliceMs; Date.now() < end; ) {
    const messages = await claim(endpoint, deps);
    if (messages.length === 0) return;
    const results = await Promise.all(messages.map((message) => attempt(endpoint, message, deps)));
    if (!results.every(Boolean)) return;
  }
}

/** Each a message of its own: one event for machines, all of one cause for operators. */
async function claim({ id, kind }: Endpoint, { pool, notify }: DrainDeps): Promise<Delivery[][]> {
  const leaseMs = 2 * notify.timeoutMs + 5000;
  if (alertChannel(kind) === null) {
    return (await claimDeliveries(pool, id, atOnce, leaseMs)).map((delivery) => [delivery]);
  }
  const group = await claimGroup(pool, id, { leaseMs, quietMs: notify.alertQuietMs });
  return group.length === 0 ? [] : [group];
}

/** @returns whether the receiver can take more */
async function attempt(endpoint: Endpoint, message: readonly Delivery[], deps: DrainDeps): Promise<boolean> {
  const started = performance.now();
  const result = await send(endpoint, message, deps);
  const answerMs = Math.round(performance.now() - started);
  const ids = message.map(({ id }) => id);
  if (result.kind === "delivered") {
    deps.onDelivered({ kind: endpoint.kind, deliveries: ids.length });
    await markDelivered(deps.pool, ids, { httpStatus: result.httpStatus, note: result.note ?? null, answerMs });
    await noteEndpoint(deps.pool, endpoint.id, "works");
    return true;
  }
  await markAttemptFailed(endpoint, message, { ...result, answerMs }, deps);
  return !result.forAll && !result.gone;
}

async function markAttemptFailed(
  endpoint: Endpoint,
  message: readonly Delivery[],
  failure: Failed & { answerMs: number },
  deps: DrainDeps,
) {
  const { pool, notify, random } = deps;
  const attempts = Math.max(...message.map((delivery) => delivery.attempts));
  const failingMs = endpoint.failingSince === null ? 0 : Date.now() - endpoint.failingSince.getTime();
  const delayMs = retryDelayMs(attempts, notify, { waitMs: failure.waitMs, failingMs, random: random() });
  const over = failure.gone || attempts >= notify.attempts;
  const ids = message.map(({ id }) => id);
  deps.onFailure({ endpoint: endpoint.id, kind: endpoint.kind, error: failure.error, deliveries: ids.length });
  await noteEndpoint(pool, endpoint.id, failure.gone ? "gone" : "fails");
  await markFailed(pool, ids, failure, over ? null : delayMs);
  if (failure.forAll) await hold(pool, endpoint.id, delayMs);
}

async function send(endpoint: Endpoint, message: readonly Delivery[], deps: DrainDeps): Promise<AttemptResult> {
  const { pool, http, sendMail, providerName, reconnectLink } = deps;
  const [delivery] = message;
  if (delivery === undefined) return failed("there is nothing to send");
  switch (endpoint.kind) {
    case "webhook":
      return sendWebhook(endpoint, delivery, http);
    case "user_email":
      if (sendMail === null) return failed("SMTP_URL is not set");
      return sendReconnectMail(delivery, { pool, sendMail, providerName, reconnectLink });
    default:
      return sendAlert(
        endpoint,
        { id: `alert_${delivery.id}`, ...alertText(message, providerName) },
        { http, sendMail },
      );
  }
}
