import { forDiscord, forMailHeader, forPlainText, forSlack } from "./escape-for.ts";

/** What a person reads: one message for all events of one cause. */
export interface Alert {
  readonly title: string;
  /** Plain, a few lines. */
  readonly lines: readonly string[];
}

interface Channel {
  /** Adds an endpoint of the channel without the API: `name` holds its target, `row` names its row in Postgres for good. */
  readonly setting: { readonly name: string; readonly row: number };
}

/** Its targets are https URLs, and secrets: no more than their host is ever shown. */
interface PostedChannel extends Channel {
  readonly by: "post";
  /** What is posted to the target, as JSON. */
  readonly body: (alert: Alert, target: string) => object;
}

/** Its targets are mail addresses; it needs SMTP to be set up. */
interface MailedChannel extends Channel {
  readonly by: "mail";
  readonly mail: (alert: Alert) => { readonly subject: string; readonly text: string };
}

export type AlertChannel = PostedChannel | MailedChannel;

const longestDiscord = 2000;

/**
 * Where operators read alerts, by kind of endpoint. All that there is to say of a channel stands in its entry: its setting, what the API takes
 * for a kind, how targets are checked and shown, and how alerts are grouped and sent follow from here.
 */
export const alertChannels = {
  /** https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks */
  slack: {
    setting: { name: "SLACK_WEBHOOK_URL", row: 1 },
    by: "post",
    body: ({ title, lines }) => ({ text: [`*${forSlack(title)}*`, ...lines.map(forSlack)].join("\n") }),
  },
  /** https://docs.discord.com/developers/resources/webhook#execute-webhook */
  discord: {
    setting: { name: "DISCORD_WEBHOOK_URL", row: 2 },
    by: "post",
    body: ({ title, lines }) => ({
      content: [`**${forDiscord(title)}**`, ...lines.map(forDiscord)].join("\n").slice(0, longestDiscord),
      allowed_mentions: { parse: [] },
    }),
  },
  email: {
    setting: { name: "OPERATOR_EMAIL", row: 3 },
    by: "mail",
    mail: ({ title, lines }) => ({
      subject: forMailHeader(`[Evertoken] ${title}`),
      text: [title, "", ...lines].map(forPlainText).join("\n"),
    }),
  },
} as const satisfies Readonly<Record<string, AlertChannel>>;

export type AlertKind = keyof typeof alertChannels;

export const alertKinds = Object.keys(alertChannels) as readonly AlertKind[];

/** The row of the mail to users, which is no alert: not to be given to a channel. */
export const userMailRow = 4;

/** @returns null: endpoints of this kind are none for operators */
export function alertChannel(kind: string): AlertChannel | null {
  return Object.hasOwn(alertChannels, kind) ? alertChannels[kind as AlertKind] : null;
}
