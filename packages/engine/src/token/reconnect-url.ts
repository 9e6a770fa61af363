import type { Config } from "@evertoken/adapters";

/** The app's own page where a user connects again: RECONNECT_URL with {connection}, {provider} and {user} filled in. */
export function reconnectUrl(
  config: Config,
  row: { readonly id: string; readonly provider: string; readonly user_id: string },
): string | null {
  if (config.reconnectUrl === null) return null;
  const values: Record<string, string> = { connection: row.id, provider: row.provider, user: row.user_id };
  return config.reconnectUrl.replace(/\{(connection|provider|user)\}/g, (_, name) =>
    encodeURIComponent(values[name] ?? ""),
  );
}
