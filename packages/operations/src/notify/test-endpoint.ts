import { randomUUID } from "node:crypto";
import { type Engine, nudgeDelivery, withStore } from "@evertoken/engine/internal";
import type { AttemptResult } from "./attempt.ts";
import { noteEndpoint } from "./delivery.ts";
import { openEndpoint } from "./endpoint.ts";
import { httpSendingOf } from "./http-sending.ts";
import { sendAlert } from "./send-alert.ts";
import { post } from "./send-http.ts";
import { createSendMail } from "./send-mail.ts";
import { signWebhook } from "./sign-webhook.ts";

/** What an endpoint said to an event that tells of nothing. */
export interface EndpointTest {
  readonly delivered: boolean;
  readonly httpStatus: number | null;
  /** Short, and nothing of the answer's body. */
  readonly error: string | null;
  readonly answerMs: number;
}

/** How receivers tell a test from an event. */
const testEvent = "webhook.test";

/**
 * Sends one signed request now, from this process, past everything that waits; it is not kept. An endpoint that takes it works again: what
 * waits for it is sent at once.
 *
 * @returns null: there is none, it is switched off, or mails go to users, of whom none is meant
 */
export async function testEndpoint(engine: Engine, id: string): Promise<EndpointTest | null> {
  const { pool, keyring, config, queues } = engine;
  const endpoint = await withStore(() => openEndpoint(pool, keyring, config.notify, id));
  if (endpoint === null || endpoint.kind === "user_email") return null;
  const started = performance.now();
  const result = await send(engine, endpoint);
  const answerMs = Math.round(performance.now() - started);
  if (result.kind === "failed")
    return { delivered: false, httpStatus: result.httpStatus, error: result.error, answerMs };
  await withStore(() => noteEndpoint(pool, id, "works"));
  // Without Redis the next reconcile asks for it.
  await nudgeDelivery(queues).catch(() => undefined);
  return { delivered: true, httpStatus: result.httpStatus, error: null, answerMs };
}

type Opened = NonNullable<Awaited<ReturnType<typeof openEndpoint>>>;

async function send(engine: Engine, endpoint: Opened): Promise<AttemptResult> {
  const http = httpSendingOf(engine);
  const id = `evt_test_${randomUUID()}`;
  if (endpoint.kind !== "webhook") {
    const alert = {
      id,
      title: "Evertoken: a test",
      lines: ["Somebody tried whether alerts arrive here. Nothing has happened."],
    };
    return sendAlert(endpoint, alert, { http, sendMail: createSendMail(engine.config.notify) });
  }
  const now = http.now();
  const body = JSON.stringify({ id, type: testEvent, timestamp: now.toISOString(), data: {} });
  return post(endpoint.target, body, signWebhook(endpoint.secrets, id, now, body), http);
}
