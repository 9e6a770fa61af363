import type { RawAnswer } from "@evertoken/core";
import { type AttemptResult, failed, judgeAnswer } from "./attempt.ts";
import type { Delivery } from "./delivery.ts";
import type { Endpoint } from "./endpoint.ts";
import { signWebhook } from "./sign-webhook.ts";
import { eventId, webhookBody } from "./webhook-body.ts";

/** Sends one request exactly once and follows no redirect; refuses private addresses unless they are allowed. */
type SendHttp = (
  request: {
    readonly method: "POST";
    readonly url: string;
    readonly headers: Readonly<Record<string, string>>;
    readonly body: string;
  },
  options?: { readonly signal: AbortSignal },
) => Promise<RawAnswer>;

export interface HttpSending {
  readonly send: SendHttp;
  readonly timeoutMs: number;
  readonly allowPrivateAddresses: boolean;
  readonly now: () => Date;
}

export async function sendWebhook(endpoint: Endpoint, delivery: Delivery, http: HttpSending): Promise<AttemptResult> {
  const body = webhookBody(delivery);
  if (endpoint.secrets.length === 0) return failed("the endpoint has no signing secret");
  return post(endpoint.target, body, signWebhook(endpoint.secrets, eventId(delivery), http.now(), body), http);
}

export async function post(
  url: string,
  body: string,
  headers: Readonly<Record<string, string>>,
  { send, timeoutMs, allowPrivateAddresses, now }: HttpSending,
): Promise<AttemptResult> {
  if (!allowPrivateAddresses && !url.startsWith("https://")) return failed("the address is not https");
  const request = { method: "POST" as const, url, headers: { ...headers, "content-type": "application/json" }, body };
  return judgeAnswer(await send(request, { signal: AbortSignal.timeout(timeoutMs) }), now());
}
