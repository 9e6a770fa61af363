import type { ListTime } from "@evertoken/adapters";
import { type Cause, type ConnectionStatus, isTag, type OutageReason, outageReasons, tagForm } from "@evertoken/core";
import { notUnderstood } from "./fault.ts";
import { statuses } from "./statuses.ts";

/** What the address of a list asks for. */
export interface ListQuery {
  readonly q: string;
  readonly provider: string | null;
  readonly status: ConnectionStatus | null;
  readonly tag: string | null;
  readonly state: State | null;
  /** Why it cannot be used now. */
  readonly reason: OutageReason | null;
  readonly sort: Sort;
  readonly descending: boolean;
  readonly after: Cursor | null;
}

type Sort = keyof typeof sorts;
type State = keyof typeof states;

/** Where the last page ended. */
export interface Cursor {
  readonly provider: string;
  readonly status: string;
  /** null: among those that have no such time. */
  readonly at: string | null;
  readonly id: string;
  /** Of a search: it is called so, and does not only begin so. */
  readonly exact?: boolean;
}

export const sorts = {
  expiry: { by: "expires_at", label: "Expiry" },
  refreshed: { by: "last_refresh_at", label: "Last refresh" },
  updated: { by: "updated_at", label: "Last change" },
  status: { by: "updated_at", label: "Status" },
} as const satisfies Record<string, { by: ListTime; label: string }>;

export const states = {
  ...{ expiring: "expiring soon", expired: "expired", failing: "failing" },
  ...{ down: "cannot be used now", ours: "cannot be used, on us", provider: "cannot be used, on the provider" },
  user: "cannot be used, on its user",
} as const;

/** What a list holds of those that cannot be used now; null: it holds others. */
export function outagesOf({
  state,
  reason,
}: ListQuery): { readonly cause: Cause | null; readonly reason: OutageReason | null } | null {
  if (state === "ours" || state === "provider" || state === "user") return { cause: state, reason };
  return state === "down" || reason !== null ? { cause: null, reason } : null;
}

const known = new Set(["q", "provider", "status", "tag", "state", "reason", "sort", "order", "after"]);
const uuid = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Forms send empty fields for what nobody chose: they count as left out. @throws {PageFault} 400, with the field and what it may be */
export function readListQuery(query: unknown, isProvider: (id: string) => boolean): ListQuery {
  const given = new Map<string, string>();
  for (const [name, value] of Object.entries((query ?? {}) as Record<string, unknown>)) {
    if (!known.has(name)) throw notUnderstood(`There is no filter "${name}". There are: ${[...known].join(", ")}.`);
    if (typeof value !== "string") throw notUnderstood(`"${name}" is given more than once.`);
    if (value !== "") given.set(name, value);
  }
  const q = takeWords(given, isProvider);
  if (q.length > 200 || q.includes("\0") || !q.isWellFormed())
    throw notUnderstood("What is searched for has to be a text of up to 200 characters.");
  const provider = given.get("provider") ?? null;
  if (provider !== null && !isProvider(provider)) throw notUnderstood(`There is no provider "${provider}".`);
  const tag = given.get("tag")?.trim() ?? null;
  if (tag !== null && !isTag(tag)) throw notUnderstood(`"tag" ${tagForm}.`);
  const sort = oneOf("sort", given.get("sort") ?? "expiry", Object.keys(sorts) as Sort[]);
  const reasons = Object.keys(outageReasons) as OutageReason[];
  const reason = given.has("reason") ? oneOf("reason", given.get("reason"), reasons) : null;
  const state = given.has("state") ? oneOf("state", given.get("state"), Object.keys(states) as State[]) : null;
  if (reason !== null && state !== null && state in { expiring: 1, expired: 1, failing: 1 })
    throw notUnderstood(
      `"reason" says why connections cannot be used now, so it goes with "state" down, ours, provider or user alone.`,
    );
  const order = given.get("order");
  const after = given.get("after");
  return {
    ...{ q, provider, tag, sort },
    status: given.has("status") ? oneOf("status", given.get("status"), statuses) : null,
    ...{ state: reason === null ? state : (state ?? "down"), reason },
    descending: order === undefined ? sort !== "expiry" : oneOf("order", order, ["asc", "desc"]) === "desc",
    after: after === undefined ? null : readCursor(after),
  };
}

/**
 * Words such as `status:error` in a search are taken for filters, and go before those of the form; the rest is searched for. What is no such filter
 * is part of the text: an account may be called so.
 */
function takeWords(given: Map<string, string>, isProvider: (id: string) => boolean): string {
  const understood: Readonly<Record<string, (value: string) => boolean>> = {
    ...{ provider: isProvider, tag: isTag, status: (value) => statuses.some((status) => status === value) },
  };
  const q = (given.get("q") ?? "").trim();
  return q
    .split(/(\s+)/)
    .filter((word) => {
      const [, name = "", value = ""] = /^(provider|status|tag):(.+)$/.exec(word) ?? [];
      if (understood[name]?.(value) !== true) return true;
      given.set(name, value);
      return false;
    })
    .join("")
    .trim();
}

function oneOf<T extends string>(name: string, value: string | undefined, allowed: readonly T[]): T {
  const found = allowed.find((each) => each === value);
  if (found === undefined) throw notUnderstood(`"${name}" cannot be "${value}". It can be: ${allowed.join(", ")}.`);
  return found;
}

/** The query of an address that {@link listAddress} has made, as a form gives it back: anybody may write another one into it. */
export const askedIn = (address: unknown): Record<string, string> =>
  Object.fromEntries(URL.parse(String(address), "http://list")?.searchParams ?? []);

export const writeCursor = ({ provider, status, at, id, exact }: Cursor): string =>
  Buffer.from(JSON.stringify([provider, status, at, id, ...(exact === undefined ? [] : [exact])])).toString(
    "base64url",
  );

function readCursor(text: string): Cursor {
  try {
    const [provider, status, at, id, exact, ...rest] = JSON.parse(
      Buffer.from(text, "base64url").toString(),
    ) as unknown[];
    const isTime =
      at === null || (typeof at === "string" && !Number.isNaN(Date.parse(at)) && new Date(at).toISOString() === at);
    const isStatus = statuses.some((each) => each === status);
    if (
      typeof provider === "string" &&
      isStatus &&
      isTime &&
      typeof id === "string" &&
      uuid.test(id) &&
      (exact === undefined || typeof exact === "boolean") &&
      rest.length === 0
    ) {
      const place = { provider, status: status as string, at: at as string | null, id };
      return exact === undefined ? place : { ...place, exact };
    }
  } catch {
    // not one of ours
  }
  throw notUnderstood("The place to go on from (after) is not one that a list has given. Begin at the first page.");
}

/** The same list, with something else about it. */
export function listAddress(query: ListQuery, changes: Partial<ListQuery> = {}): string {
  const { q, provider, status, tag, state, reason, sort, descending, after } = { ...query, ...changes };
  const fields = {
    ...{ q, provider: provider ?? "", status: status ?? "", tag: tag ?? "", state: state ?? "", reason: reason ?? "" },
    sort: sort === "expiry" ? "" : sort,
    order: descending === (sort !== "expiry") ? "" : descending ? "desc" : "asc",
    after: after === null ? "" : writeCursor(after),
  };
  const search = new URLSearchParams(Object.entries(fields).filter(([, value]) => value !== "")).toString();
  return search === "" ? "/connections" : `/connections?${search}`;
}
