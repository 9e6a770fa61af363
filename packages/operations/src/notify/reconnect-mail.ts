import { forPlainText } from "@evertoken/core";
import type { Pool } from "pg";
import { type AttemptResult, failed } from "./attempt.ts";
import type { Delivery } from "./delivery.ts";
import type { SendMail } from "./send-mail.ts";
import { eventId } from "./webhook-body.ts";

/** A connection whose user is asked to reconnect it. */
export interface ToReconnect {
  readonly id: string;
  readonly user_id: string;
  readonly provider: string;
  readonly user_email: string | null;
  readonly display_name: string | null;
  readonly status: string;
  /** When its consent ends; only of one that works until then. */
  readonly ends_at: Date | null;
}

export interface ReconnectMailDeps {
  readonly pool: Pool;
  readonly sendMail: SendMail;
  readonly providerName: (id: string) => string;
  /** null: no page to reconnect at is known; the mail then says to go to the app. */
  readonly reconnectLink: (connection: ToReconnect) => Promise<string | null>;
}

/** The "please reconnect" mail. Who has reconnected meanwhile is left alone. */
export async function sendReconnectMail(delivery: Delivery, deps: ReconnectMailDeps): Promise<AttemptResult> {
  const { rows } = await deps.pool.query<ToReconnect>(
    `SELECT id, user_id, provider, user_email, display_name, status,
       CASE WHEN reauth_announced_at IS NOT NULL THEN grant_ends_at END AS ends_at FROM connections WHERE id = $1`,
    [delivery.connection_id],
  );
  const connection = rows[0];
  if (connection?.user_email == null) return { kind: "delivered", httpStatus: null, note: "no address any more" };
  const ending = whyNow(connection, delivery);
  if (ending === null) return { kind: "delivered", httpStatus: null, note: "no longer needed" };
  const link = await deps.reconnectLink(connection).catch(() => undefined);
  if (link === undefined) return failed("the reconnect link could not be made");
  const name = forPlainText(deps.providerName(connection.provider));
  const account = connection.display_name === null ? "" : ` (${forPlainText(connection.display_name)})`;
  return deps.sendMail({
    id: eventId(delivery),
    to: connection.user_email,
    subject: `Please reconnect your ${name} account`,
    text: [
      `The connection to your ${name} account${account} ${ending}, and only you can renew it.`,
      "",
      link === null ? "Please open the app and connect the account again." : `Please connect it again here:\n${link}`,
      "",
      "If you no longer use it, you can ignore this mail.",
    ].join("\n"),
  });
}

/** In words; null: what the event tells of has passed, since the user has reconnected or disconnected. */
function whyNow({ status, ends_at }: ToReconnect, { event }: Delivery): string | null {
  if (status === "needs_reauth") return "has ended";
  if (event !== "connection.reauth_due" || status === "disconnected" || ends_at === null) return null;
  return `ends on ${ends_at.toISOString().slice(0, 10)}`;
}
