import type { SettingsReader } from "./settings-reader.ts";

/** Where events go besides the stored endpoints, and how patiently. */
export interface NotifyConfig {
  readonly slackUrl: string | null;
  readonly discordUrl: string | null;
  readonly smtpUrl: string | null;
  readonly smtpFrom: string | null;
  readonly operatorEmail: string | null;
  /** Of one attempt. */
  readonly timeoutMs: number;
  readonly retryMs: number;
  readonly retryCapMs: number;
  readonly attempts: number;
  /** Alerts of one provider, event and cause are collected for so long into one message ... */
  readonly alertWindowMs: number;
  /** ... and the next one about the same comes this much later at the earliest. */
  readonly alertQuietMs: number;
}

export function readNotifyConfig(read: SettingsReader): NotifyConfig {
  return {
    slackUrl: read.secret("SLACK_WEBHOOK_URL"),
    discordUrl: read.secret("DISCORD_WEBHOOK_URL"),
    smtpUrl: read.secret("SMTP_URL"),
    smtpFrom: read.optionalText("SMTP_FROM"),
    operatorEmail: read.optionalText("OPERATOR_EMAIL"),
    timeoutMs: read.ms("NOTIFY_TIMEOUT_MS", 10_000),
    retryMs: read.ms("NOTIFY_RETRY_MS", 5000),
    retryCapMs: read.ms("NOTIFY_RETRY_CAP_MS", 86_400_000),
    attempts: read.integer("NOTIFY_ATTEMPTS", 10, { min: 1, max: 100 }),
    alertWindowMs: read.ms("ALERT_WINDOW_MS", 60_000, 0),
    alertQuietMs: read.ms("ALERT_QUIET_MS", 600_000, 0),
  };
}

/** Faults of settings that are each fine, or cannot be judged, alone. */
export function notifyFaults(notify: NotifyConfig): string[] {
  const { slackUrl, discordUrl, smtpUrl, smtpFrom, operatorEmail } = notify;
  return [
    ...(isUrl(slackUrl, ["https:", "http:"]) ? [] : ["SLACK_WEBHOOK_URL is not a URL that begins with https://"]),
    ...(isUrl(discordUrl, ["https:", "http:"]) ? [] : ["DISCORD_WEBHOOK_URL is not a URL that begins with https://"]),
    ...(isUrl(smtpUrl, ["smtp:", "smtps:"]) ? [] : ["SMTP_URL is not a URL that begins with smtp:// or smtps://"]),
    ...(smtpUrl === null || smtpFrom !== null
      ? []
      : ["SMTP_FROM is missing: SMTP_URL is set, and mail needs a sender"]),
    ...(operatorEmail === null || smtpUrl !== null ? [] : ["SMTP_URL is missing: OPERATOR_EMAIL is set"]),
    ...(operatorEmail === null || isMailAddress(operatorEmail) ? [] : ["OPERATOR_EMAIL is not a mail address"]),
  ];
}

export function isMailAddress(text: string): boolean {
  return text.length <= 254 && /^[^\s@<>,;:"()[\]\\]+@[^\s@<>,;:"()[\]\\]+$/.test(text);
}

function isUrl(value: string | null, protocols: readonly string[]): boolean {
  return value === null || protocols.includes(URL.parse(value)?.protocol ?? "");
}
