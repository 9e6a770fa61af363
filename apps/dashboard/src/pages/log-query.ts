import type { AttemptFilter } from "@evertoken/adapters";
import { isTag, outcomeKinds, tagForm } from "@evertoken/core";
import { isUuid } from "@evertoken/engine/internal";
import { notUnderstood } from "./fault.ts";
import { type Range, ranges, readRange } from "./range.ts";
import { readTime, readZone } from "./read-time.ts";

const fields = [
  "provider",
  "outcome",
  "code",
  "connection",
  "user",
  "tag",
  "range",
  "since",
  "until",
  "zone",
  "before",
] as const;
type Field = (typeof fields)[number];

/** What the address of the log asks for, as it was typed; nothing that was left empty. */
export type LogQuery = Readonly<Partial<Record<Field, string>>>;

/** @throws {PageFault} 400, with the field and what it may be */
export function readLogQuery(query: unknown, isProvider: (id: string) => boolean): LogQuery {
  const given: Record<string, string> = {};
  for (const [name, value] of Object.entries((query ?? {}) as Record<string, unknown>)) {
    if (!fields.some((field) => field === name))
      throw notUnderstood(`There is no filter "${name}". There are: ${fields.join(", ")}.`);
    if (typeof value !== "string") throw notUnderstood(`"${name}" is given more than once.`);
    if (value.length > 512 || value.includes("\0") || !value.isWellFormed())
      throw notUnderstood(`"${name}" has to be a text of up to 512 characters.`);
    if (value.trim() !== "") given[name] = value.trim();
  }
  const { provider, outcome, connection, user, tag } = given;
  if (provider !== undefined && !isProvider(provider)) throw notUnderstood(`There is no provider "${provider}".`);
  if (outcome !== undefined && outcome !== "failed" && !outcomeKinds.some((kind) => kind === outcome))
    throw notUnderstood(`"outcome" cannot be "${outcome}". It can be: failed, ${outcomeKinds.join(", ")}.`);
  if (connection !== undefined && !isUuid(connection))
    throw notUnderstood(`"connection" has to be the id of a connection.`);
  if (tag !== undefined && !isTag(tag)) throw notUnderstood(`"tag" ${tagForm}.`);
  if (connection !== undefined && user !== undefined)
    throw notUnderstood(`"connection" and "user" are two ways to say whose attempts: give one of them.`);
  return given;
}

/** What the store is asked; whose connections a user has is not looked up yet. @throws {PageFault} 400 */
export function filterOf(
  { provider, outcome, code, connection, tag, before, ...time }: LogQuery,
  now: Date,
): AttemptFilter {
  if (before !== undefined && !/^\d{1,18}$/.test(before))
    throw notUnderstood(`"before" has to be the id of an attempt.`);
  return {
    ...timeOf(time, now),
    ...(provider === undefined ? {} : { provider }),
    ...(outcome === undefined || outcome === "failed" ? {} : { outcome }),
    // A granted attempt is the only one that brings a token.
    failed: outcome !== undefined && outcome !== "granted",
    ...(code === undefined ? {} : { code }),
    ...(tag === undefined ? {} : { tag }),
    ...(connection === undefined ? {} : { connectionIds: [connection] }),
    ...(before === undefined ? {} : { before }),
  };
}

function timeOf({ range, since, until, zone }: LogQuery, now: Date): Pick<AttemptFilter, "since" | "until"> {
  const of = readZone(zone);
  const end = until === undefined ? new Date(now.getTime() + 60_000) : readTime("until", until, of);
  const start =
    since === undefined
      ? new Date(Math.min(end.getTime(), now.getTime()) - ranges[rangeOf({ range })].ms)
      : readTime("since", since, of);
  if (start >= end) throw notUnderstood(`"since" has to be before "until".`);
  return { since: start, until: end };
}

export const rangeOf = ({ range }: { readonly range?: string | undefined }): Range => readRange(range);

/** The log, or another view of it, with something else about it. */
export function logAddress(
  path: string,
  query: LogQuery,
  changes: Readonly<Partial<Record<Field, string | undefined>>> = {},
): string {
  const fields = Object.entries({ ...query, ...changes }).filter(
    (entry): entry is [string, string] => entry[1] !== undefined,
  );
  const search = new URLSearchParams(fields).toString();
  return search === "" ? path : `${path}?${search}`;
}
