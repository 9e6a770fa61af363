import {
  countAmong,
  countListed,
  type ListBucket,
  type ListedConnection,
  type ListTime,
  listConnectionsByTime,
  listConnectionsWithout,
  searchConnections,
} from "@evertoken/adapters";
import { marginMs } from "@evertoken/core";
import { type Engine, providersAtWork, withStore } from "@evertoken/engine/internal";
import type { JudgedGroup } from "@evertoken/operations";
import type { PageContext } from "./context.ts";
import { type Cursor, type ListQuery, outagesOf, readListQuery, sorts } from "./list-query.ts";
import { statuses } from "./statuses.ts";

export interface ConnectionList {
  readonly now: Date;
  readonly query: ListQuery;
  readonly rows: readonly ListedConnection[];
  /** null: this is the last page. */
  readonly next: Cursor | null;
  /** How many there are; `more`: at least so many. */
  readonly total: { readonly count: number; readonly more: boolean };
  readonly providers: readonly string[];
}

const pageSize = 50;
/** Counted no further than this where it is not known anyway. */
const mostCounted = 10_000;

/** @throws {PageFault} for an address that cannot be understood */
export async function readList(context: PageContext, asked: unknown, size = pageSize): Promise<ConnectionList> {
  const { engine } = context;
  const now = new Date();
  const providers = [...(await withStore(() => providersAtWork(engine)))].sort();
  const query = readListQuery(asked, (id) => providers.includes(id) || engine.providers.get(id) !== undefined);
  const scope = await scopeOf(context, query, providers, now);
  const found = await withStore(() => find(context, query, scope, size));
  return { now, query, providers, ...found };
}

type Found = Pick<ConnectionList, "rows" | "next" | "total">;

/** Which connections a list is about. */
interface Scope {
  readonly buckets: readonly ListBucket[];
  /** Of those that cannot be used now the groups that are meant; null: it is not about them. */
  readonly among: readonly JudgedGroup[] | null;
}

/** What cannot be used now is listed as it was judged for the numbers that lead here. */
async function scopeOf(
  context: PageContext,
  query: ListQuery,
  providers: readonly string[],
  now: Date,
): Promise<Scope> {
  const wanted = outagesOf(query);
  if (wanted === null) return { buckets: bucketsOf(context.engine, query, providers, now), among: null };
  const { at, outages } = (await context.situation()).value;
  const { cause, reason } = wanted;
  const among = outages.groups.filter(
    (group) => (cause === null || group.cause === cause) && (reason === null || group.reason === reason),
  );
  const holds = ({ provider, status }: ListBucket) =>
    among.some((group) => group.provider === provider && group.status === status);
  return { buckets: bucketsOf(context.engine, query, providers, at).filter(holds), among };
}

/**
 * A search looks at all that may fit, and puts them in order; other lists are read in their order. Those of a tag are searched for as long as
 * there are few enough: of a frequent one some come soon in any order.
 */
async function find(context: PageContext, query: ListQuery, scope: Scope, size: number): Promise<Found> {
  if (query.q === "" && query.tag === null) return paged(context, query, scope, size);
  const found = await searched(context, query, scope, size);
  const isFrequent = query.q === "" && found.total.more;
  return isFrequent ? paged(context, query, scope, size, found.total) : found;
}

async function paged(
  context: PageContext,
  query: ListQuery,
  { buckets: all, among }: Scope,
  size: number,
  counted: Found["total"] | null = null,
): Promise<Found> {
  const { pool } = context.engine;
  const by = timeOf(query);
  const order = orderOf(query);
  const wanted = size + 1;
  const narrowed = { among, tag: query.tag };
  const [rows, total] = await Promise.all([
    (async () => {
      const timed =
        query.after?.at === null ? [] : await listConnectionsByTime(pool, from(all, query), order, wanted, narrowed);
      const hasNone = by !== "updated_at" && by !== "failing_since" && query.state === null;
      const endless = hasNone ? all : all.filter((bucket) => bucket.endless);
      if (endless.length === 0 || timed.length >= wanted) return timed;
      const afterId = query.after?.at === null ? query.after.id : null;
      return [...timed, ...(await listConnectionsWithout(pool, endless, by, afterId, wanted - timed.length, narrowed))];
    })(),
    counted ?? totalOf(context, query, { buckets: all, among }, by),
  ]);
  const shown = rows.slice(0, size);
  const last = shown.at(-1);
  return { rows: shown, total, next: rows.length > size && last !== undefined ? cursorOf(last, by) : null };
}

/** Token state and failing are ranges of a time, so these lists are in its order, whatever else was asked for. */
export function timeOf({ state, sort }: ListQuery): ListTime {
  if (state === "failing") return "failing_since";
  return state === null ? sorts[sort].by : "expires_at";
}

const orderOf = (query: ListQuery) => ({
  ...{ by: timeOf(query), bucketsFirst: inStatusOrder(query) },
  descending: query.state === "expiring" ? false : query.descending,
});

const inStatusOrder = ({ state, sort }: ListQuery): boolean => state === null && sort === "status";

function bucketsOf(engine: Engine, query: ListQuery, providers: readonly string[], now: Date): ListBucket[] {
  // A token that was erased neither expires nor fails.
  const every = query.state === null ? statuses : statuses.filter((status) => status !== "disconnected");
  const ordered = inStatusOrder(query) && !query.descending ? every.toReversed() : every;
  return ordered
    .filter((status) => query.status === null || status === query.status)
    .flatMap((status) =>
      providers
        .filter((provider) => query.provider === null || provider === query.provider)
        .map((provider) => ({ provider, status, after: null, ...rangeOf(engine, query, { provider, status, now }) })),
    );
}

function rangeOf(
  engine: Engine,
  query: ListQuery,
  { provider, status, now }: { provider: string; status: string; now: Date },
): Pick<ListBucket, "from" | "to" | "endless"> {
  const { state } = query;
  if (outagesOf(query) !== null) return { to: now, endless: status === "needs_reauth" };
  if (state === "expired") return { to: now };
  if (state === "failing") return { from: new Date(0) };
  if (state !== "expiring") return {};
  return { from: now, to: new Date(now.getTime() + marginOf(engine, provider)) };
}

/** How long before its end a provider's token counts as expiring soon. */
export function marginOf({ providers, config }: Engine, provider: string): number {
  const policy = providers.get(provider)?.policy;
  return policy === undefined ? config.timing.marginMs : marginMs(policy, config.timing);
}

/** The buckets that are left after the cursor. By time it is a place in all of them; in the order of status they come one by one. */
function from(all: readonly ListBucket[], query: ListQuery): ListBucket[] {
  const { after } = query;
  if (after === null || after.at === null) return [...all];
  const place = { at: after.at, id: after.id };
  if (!inStatusOrder(query)) return all.map((bucket) => ({ ...bucket, after: place }));
  const current = all.findIndex(({ provider, status }) => provider === after.provider && status === after.status);
  return all
    .slice(Math.max(current, 0))
    .map((bucket, index) => (index === 0 && current >= 0 ? { ...bucket, after: place } : bucket));
}

function cursorOf(last: ListedConnection, by: ListTime): Cursor {
  return { provider: last.provider, status: last.status, at: last[by]?.toISOString() ?? null, id: last.id };
}

async function totalOf(
  { engine, counts }: PageContext,
  query: ListQuery,
  { buckets, among }: Scope,
  by: ListTime,
): Promise<ConnectionList["total"]> {
  if (among !== null) {
    const count = await countAmong(engine.pool, buckets, among, mostCounted + 1);
    return { count: Math.min(count, mostCounted), more: count > mostCounted };
  }
  if (query.state !== null) {
    const count = await countListed(engine.pool, buckets, by, mostCounted + 1);
    return { count: Math.min(count, mostCounted), more: count > mostCounted };
  }
  const { value } = await counts();
  const count = value
    .filter(({ provider, status }) => (query.provider ?? provider) === provider && (query.status ?? status) === status)
    .reduce((sum, { connections }) => sum + connections, 0);
  return { count, more: false };
}

async function searched(
  { engine }: PageContext,
  query: ListQuery,
  { buckets, among }: Scope,
  size: number,
): Promise<Found> {
  const by = timeOf(query);
  const after = query.after === null ? null : { ...query.after, exact: query.after.exact === true };
  const order = orderOf(query);
  const found = await searchConnections(engine.pool, query.q, buckets, order, after, size + 1, {
    among,
    tag: query.tag,
  });
  const { rows, ...total } = found;
  const shown = rows.slice(0, size);
  const last = shown.at(-1);
  const next = rows.length > size && last !== undefined ? { ...cursorOf(last, by), exact: last.exact } : null;
  return { rows: shown, next, total };
}
