import { type AlertKind, alertChannels, alertKinds } from "@evertoken/core";
import type { SettingsReader } from "./settings-reader.ts";

/** Where events go besides the stored endpoints, and how patiently. */
export interface NotifyConfig {
  /** Targets of alerts that the settings name, by channel. */
  readonly channels: Readonly<Record<AlertKind, string | null>>;
  readonly smtpUrl: string | null;
  readonly smtpFrom: string | null;
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
    channels: Object.fromEntries(alertKinds.map((kind) => [kind, readTarget(read, kind)])) as NotifyConfig["channels"],
    smtpUrl: read.secret("SMTP_URL"),
    smtpFrom: read.optionalText("SMTP_FROM"),
    timeoutMs: read.ms("NOTIFY_TIMEOUT_MS", 10_000),
    retryMs: read.ms("NOTIFY_RETRY_MS", 5000),
    retryCapMs: read.ms("NOTIFY_RETRY_CAP_MS", 86_400_000),
    attempts: read.integer("NOTIFY_ATTEMPTS", 10, { min: 1, max: 100 }),
    alertWindowMs: read.ms("ALERT_WINDOW_MS", 60_000, 0),
    alertQuietMs: read.ms("ALERT_QUIET_MS", 600_000, 0),
  };
}

function readTarget(read: SettingsReader, kind: AlertKind): string | null {
  const { by, setting } = alertChannels[kind];
  return by === "mail" ? read.optionalText(setting.name) : read.secret(setting.name);
}

/** Faults of settings that are each fine, or cannot be judged, alone. */
export function notifyFaults(notify: NotifyConfig): string[] {
  const { smtpUrl, smtpFrom } = notify;
  return [
    ...(smtpUrl === null || isUrl(smtpUrl, ["smtp:", "smtps:"])
      ? []
      : ["SMTP_URL is not a URL that begins with smtp:// or smtps://"]),
    ...(smtpUrl === null || smtpFrom !== null
      ? []
      : ["SMTP_FROM is missing: SMTP_URL is set, and mail needs a sender"]),
    ...alertKinds.flatMap((kind) => targetFaults(kind, notify)),
  ];
}

function targetFaults(kind: AlertKind, { channels, smtpUrl }: NotifyConfig): string[] {
  const target = channels[kind];
  const { by, setting } = alertChannels[kind];
  if (target === null) return [];
  if (by === "post") {
    return isUrl(target, ["https:", "http:"]) ? [] : [`${setting.name} is not a URL that begins with https://`];
  }
  return [
    ...(smtpUrl === null ? [`SMTP_URL is missing: ${setting.name} is set`] : []),
    ...(isMailAddress(target) ? [] : [`${setting.name} is not a mail address`]),
  ];
}

export function isMailAddress(text: string): boolean {
  return text.length <= 254 && /^[^\s@<>,;:"()[\]\\]+@[^\s@<>,;:"()[\]\\]+$/.test(text);
}

function isUrl(value: string, protocols: readonly string[]): boolean {
  return protocols.includes(URL.parse(value)?.protocol ?? "");
}
