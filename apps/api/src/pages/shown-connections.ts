import { reauthDays } from "@evertoken/core";
import { type Engine, fromEngine } from "@evertoken/engine/internal";
import type { ConnectPage, ShownConnection } from "./connect-page.ts";
import type { Session } from "./session.ts";

/** Those that need the user first, then the working ones, then those that were disconnected. */
const order = ["needs_reauth", "error", "token_expired", "connected", "disconnected"];

export async function shownConnections(
  engine: Engine,
  { userId, providers, connectionId }: Session,
): Promise<ShownConnection[]> {
  const rows = await fromEngine(engine).connections.list({ userId, limit: 1000 });
  const soon = Date.now() + reauthDays[0] * 86_400_000;
  const shown = rows.filter(
    ({ id, provider, parentId }) =>
      parentId === null && (providers?.includes(provider) ?? true) && (connectionId == null || id === connectionId),
  );
  return shown
    .map((row) => ({
      id: row.id,
      provider: row.provider,
      providerName: engine.providers.get(row.provider)?.provider.name ?? row.provider,
      displayName: row.displayName,
      status: row.status,
      missingScopes: row.status === "connected" ? row.missingScopes : [],
      endsAt: row.grantEndsAt !== null && row.grantEndsAt.getTime() < soon ? row.grantEndsAt : null,
      connectable: reconnectable(engine, row),
      children: rows
        .filter(({ parentId, status }) => parentId === row.id && status !== "disconnected")
        .map(({ displayName, externalAccountId, status }) => ({ name: displayName ?? externalAccountId, status })),
    }))
    .sort((a, b) => order.indexOf(a.status) - order.indexOf(b.status) || a.providerName.localeCompare(b.providerName));
}

/** Those that are set up, and that the link does not leave out. */
export function offeredProviders(engine: Engine, { providers, connectionId }: Session): ConnectPage["providers"] {
  if (connectionId != null) return [];
  return engine.providers
    .all()
    .filter(({ provider: { id } }) => offered(engine, id) && (providers?.includes(id) ?? true))
    .map(({ provider: { id, name } }) => ({ id, name }))
    .sort((a, b) => a.name.localeCompare(b.name));
}

/** The page asks for nothing but consent: a provider whose address needs a shop or a data centre is connected through the API. */
function offered({ providers }: Engine, id: string): boolean {
  const known = providers.get(id);
  if (known === undefined || known.registration === null || known.provider.authorizeUrl === null) return false;
  return Object.keys(known.provider.placeholders).length === 0;
}

/** What an account needed to be connected is known by now, its registration included. */
function reconnectable({ providers }: Engine, row: { provider: string; registration: string }): boolean {
  const known = providers.get(row.provider);
  if (known === undefined || known.provider.authorizeUrl === null) return false;
  return known.registration !== null || row.registration !== "default";
}
