import type { Keyring, NotifyConfig } from "@evertoken/adapters";
import { type AlertKind, alertChannels, alertKinds, userMailRow } from "@evertoken/core";
import type { Pool } from "pg";

/** Kinds of which anybody may add endpoints: webhooks, whose readers are apps, and the channels of operators. */
export const openKinds = ["webhook", ...alertKinds] as const;

/** `user_email` is the mail to the user of a connection; it exists once, when SMTP is set up. */
export type EndpointKind = "webhook" | AlertKind | "user_email";

export interface EndpointRow {
  readonly id: string;
  readonly kind: EndpointKind;
  readonly target: string;
  readonly secret: string | null;
  /** Signs as well, until then. */
  readonly old_secret: string | null;
  readonly old_secret_until: Date | null;
  readonly events: string[];
  readonly tags: string[];
  readonly enabled: boolean;
  readonly failing_since: Date | null;
  readonly created_at: Date;
}

/** An endpoint with its target and signing secret in plain. Never logged. */
export interface Endpoint {
  readonly id: string;
  readonly kind: EndpointKind;
  readonly target: string;
  /** None for channels; two while one takes the place of the other. */
  readonly secrets: readonly string[];
  readonly failingSince: Date | null;
}

export const endpointColumns =
  "id, kind, target, secret, old_secret, old_secret_until, events, tags, enabled, failing_since, created_at";

export const targetPlace = (id: string) => `webhook_endpoints/${id}/target`;
export const secretPlace = (id: string) => `webhook_endpoints/${id}/secret`;

/** Endpoints of the settings have rows like the others, for their deliveries, but their target stays in the settings. */
const ofSettings: readonly { id: string; kind: EndpointKind; target(notify: NotifyConfig): string | null }[] = [
  ...alertKinds.map((kind) => ({
    id: settingsId(alertChannels[kind].setting.row),
    kind,
    target: ({ channels }: NotifyConfig) => channels[kind],
  })),
  { id: settingsId(userMailRow), kind: "user_email", target: ({ smtpUrl }) => smtpUrl && "user" },
];

function settingsId(row: number): string {
  return `00000000-0000-4000-8000-${String(row).padStart(12, "0")}`;
}

export function isOfSettings(id: string): boolean {
  return ofSettings.some((one) => one.id === id);
}

/** Makes the rows agree with the settings: what is no longer set is switched off, and its history stays. */
export async function syncSettingsEndpoints(pool: Pool, notify: NotifyConfig): Promise<void> {
  for (const { id, kind, target } of ofSettings) {
    const enabled = target(notify) !== null;
    await pool.query(
      `INSERT INTO webhook_endpoints (id, kind, target, enabled) SELECT $1, $2, '', $3 WHERE $3
       ON CONFLICT (id) DO UPDATE SET enabled = $3 WHERE webhook_endpoints.enabled <> $3`,
      [id, kind, enabled],
    );
    if (!enabled) await pool.query("UPDATE webhook_endpoints SET enabled = false WHERE id = $1 AND enabled", [id]);
  }
}

/** @returns null when it is gone or switched off */
export async function openEndpoint(
  pool: Pool,
  keyring: Keyring,
  notify: NotifyConfig,
  id: string,
): Promise<Endpoint | null> {
  const { rows } = await pool.query<EndpointRow>(
    `SELECT ${endpointColumns} FROM webhook_endpoints WHERE id = $1 AND enabled`,
    [id],
  );
  const row = rows[0];
  if (row === undefined) return null;
  const target = targetOf(row, keyring, notify);
  if (target === null) return null;
  const overlaps = row.old_secret_until !== null && row.old_secret_until > new Date();
  const sealed = [row.secret, ...(overlaps ? [row.old_secret] : [])].filter((text) => text !== null);
  const secrets = sealed.map((text) => keyring.openText(text, secretPlace(id)));
  return { id, kind: row.kind, target, secrets, failingSince: row.failing_since };
}

export function targetOf({ id, target }: EndpointRow, keyring: Keyring, notify: NotifyConfig): string | null {
  const setting = ofSettings.find((one) => one.id === id);
  return setting === undefined ? keyring.openText(target, targetPlace(id)) : setting.target(notify);
}
