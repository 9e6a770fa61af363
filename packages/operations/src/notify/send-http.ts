import type { RawAnswer } from "@evertoken/core";
import type { Alert } from "./alert-text.ts";
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
  if (endpoint.secret === null) return failed("the endpoint has no signing secret");
  return post(endpoint.target, body, signWebhook(endpoint.secret, eventId(delivery), http.now(), body), http);
}

/** https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks */
export async function sendSlack(endpoint: Endpoint, { title, lines }: Alert, http: HttpSending) {
  const text = [`*${escapeSlack(title)}*`, ...lines.map(escapeSlack)].join("\n");
  return post(endpoint.target, JSON.stringify({ text }), {}, http);
}

const longestDiscord = 2000;

/** https://docs.discord.com/developers/resources/webhook#execute-webhook */
export async function sendDiscord(endpoint: Endpoint, { title, lines }: Alert, http: HttpSending) {
  const content = [`**${title}**`, ...lines].join("\n").slice(0, longestDiscord);
  // A provider's text may say @everyone.
  return post(endpoint.target, JSON.stringify({ content, allowed_mentions: { parse: [] } }), {}, http);
}

const escapeSlack = (text: string) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");

async function post(
  url: string,
  body: string,
  headers: Readonly<Record<string, string>>,
  { send, timeoutMs, allowPrivateAddresses, now }: HttpSending,
): Promise<AttemptResult> {
  if (!allowPrivateAddresses && !url.startsWith("https://")) return failed("the address is not https");
  const request = { method: "POST" as const, url, headers: { ...headers, "content-type": "application/json" }, body };
  return judgeAnswer(await send(request, { signal: AbortSignal.timeout(timeoutMs) }), now());
}
