import { reauthDays } from "@evertoken/core";
import { type Engine, fromEngine } from "@evertoken/engine/internal";
import type { Session } from "./session.ts";

export interface ShownConnection {
  readonly id: string;
  readonly provider: string;
  readonly providerName: string;
  readonly displayName: string | null;
  readonly status: string;
  readonly missingScopes: readonly string[];
  /** When the consent ends, if that is soon. */
  readonly endsAt: Date | null;
  /** Whether consent can be given for it here. */
  readonly connectable: boolean;
  /** Names of what lives from it, such as Pages. */
  readonly children: readonly { readonly name: string; readonly status: string }[];
}

export interface OfferedProvider {
  readonly id: string;
  readonly name: string;
  /** What consent is asked for, and why. */
  readonly scopes: readonly { readonly scope: string; readonly why: string }[];
}

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
export function offeredProviders(engine: Engine, { providers, connectionId }: Session): OfferedProvider[] {
  if (connectionId != null) return [];
  return engine.providers
    .all()
    .filter(({ provider: { id } }) => offered(engine, id) && (providers?.includes(id) ?? true))
    .map(({ provider: { id, name, scopes } }) => ({ id, name, scopes }))
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

/** With fewer than this everything is seen at once. */
const fewest = 9;

/** Those whose name or id holds what was searched for, whatever its case. */
export function searched(
  offered: readonly OfferedProvider[],
  asked: unknown,
): { readonly search: string | null; readonly providers: readonly OfferedProvider[] } {
  if (offered.length < fewest) return { search: null, providers: offered };
  const search = typeof asked === "string" ? asked.trim().slice(0, 100) : "";
  const wanted = search.toLowerCase();
  return {
    search,
    providers: offered.filter(({ id, name }) => name.toLowerCase().includes(wanted) || id.includes(wanted)),
  };
}
