import { type Surroundings, surroundingsOf, type Timeline, type TimelinePlace, timeline } from "@evertoken/adapters";
import { type ConnectionView, type TokenStatus, withStore } from "@evertoken/engine/internal";
import type { Outages, Trouble } from "@evertoken/operations";
import type { PageContext } from "./context.ts";
import { notUnderstood } from "./fault.ts";

/** Everything that is known of a connection, but for its tokens. */
export interface ConnectionDetails {
  readonly now: Date;
  readonly connection: ConnectionView;
  readonly token: TokenStatus;
  readonly surroundings: Surroundings;
  readonly providerName: string;
  /** What stands in its way and in that of others. */
  readonly troubles: readonly Trouble[];
  readonly outages: Outages;
  readonly timeline: Timeline;
  /** Whether an earlier part of the timeline is shown. */
  readonly earlier: boolean;
}

const entriesShown = 30;

/** @throws {EvertokenError} `connection_not_found`, `store_unavailable` */
export async function readConnection(
  { engine, client, situation }: PageContext,
  id: string,
  before: unknown,
): Promise<ConnectionDetails> {
  const place = readPlace(before);
  const connection = await client.connections.get(id);
  const [token, surroundings, judged, entries] = await Promise.all([
    client.tokenStatus(id),
    withStore(() => surroundingsOf(engine.pool, id)),
    situation(),
    withStore(() => timeline(engine.pool, id, place, entriesShown)),
  ]);
  const { provider } = connection;
  const { troubles, outages } = judged.value;
  return {
    ...{ now: new Date(), connection, token, surroundings, timeline: entries },
    providerName: engine.providers.get(provider)?.provider.name ?? provider,
    ...{ troubles: troubles.filter((each) => concerns(each, connection)), outages },
    earlier: before !== undefined,
  };
}

/** Those of all connections, and those of its provider and registration. */
function concerns({ kind, provider, registration }: Trouble, own: ConnectionView): boolean {
  if (kind === "held" || kind === "redis") return true;
  return provider === own.provider && (registration === null || registration === own.registration);
}

const placePattern = /^(?:r(?<refresh>\d{1,18}))?(?:e(?<event>\d{1,18}))?(?:a(?<audit>\d{1,18}))?$/;

/** `r120e7a3`: before the 120th row of the refresh log, the 7th event and the 3rd audit entry. */
export const writePlace = ({ refresh, event, audit }: TimelinePlace): string =>
  [refresh && `r${refresh}`, event && `e${event}`, audit && `a${audit}`].filter(Boolean).join("");

function readPlace(text: unknown): TimelinePlace {
  if (text === undefined) return {};
  const match = typeof text === "string" ? placePattern.exec(text) : null;
  if (match === null) throw notUnderstood("The place to go on from (before) is not one that a timeline has given.");
  return { ...match.groups };
}
