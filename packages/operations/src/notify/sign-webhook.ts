import { createHmac } from "node:crypto";

/**
 * The headers of a signed webhook: https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
 *
 * @param secrets `whsec_` and base64; while one takes the place of another both sign, and a receiver that knows either is content
 * @param at of this attempt: receivers refuse old ones, so that a recorded request cannot be sent again later
 */
export function signWebhook(secrets: readonly string[], id: string, at: Date, body: string): Record<string, string> {
  const timestamp = String(Math.floor(at.getTime() / 1000));
  const signatures = secrets.map((secret) => {
    const key = Buffer.from(secret.replace(/^whsec_/, ""), "base64");
    return `v1,${createHmac("sha256", key).update(`${id}.${timestamp}.${body}`).digest("base64")}`;
  });
  return { "webhook-id": id, "webhook-timestamp": timestamp, "webhook-signature": signatures.join(" ") };
}
