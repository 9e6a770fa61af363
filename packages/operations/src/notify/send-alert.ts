import { type Alert, alertChannel } from "@evertoken/core";
import { type AttemptResult, failed } from "./attempt.ts";
import type { Endpoint } from "./endpoint.ts";
import { type HttpSending, post } from "./send-http.ts";
import type { SendMail } from "./send-mail.ts";

/** @param alert its `id` is the same for each attempt */
export async function sendAlert(
  { kind, target }: Endpoint,
  { id, ...alert }: Alert & { readonly id: string },
  { http, sendMail }: { readonly http: HttpSending; readonly sendMail: SendMail | null },
): Promise<AttemptResult> {
  const channel = alertChannel(kind);
  // Another release, or a fork, has it.
  if (channel === null) return failed(`there is no channel ${kind} here`);
  switch (channel.by) {
    case "post":
      return post(target, JSON.stringify(channel.body(alert, target)), {}, http);
    case "mail":
      return sendMail === null ? failed("SMTP_URL is not set") : sendMail({ id, to: target, ...channel.mail(alert) });
    default:
      return channel satisfies never;
  }
}
