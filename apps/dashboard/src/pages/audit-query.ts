import { type AuditFilter, isUuid } from "@evertoken/engine/internal";
import { notUnderstood } from "./fault.ts";
import { readTime, readZone } from "./read-time.ts";

/** What the address of the page asks for, as it was typed; nothing that was left empty. */
export type AuditQuery = Readonly<Partial<Record<AuditField, string>>>;
type AuditField = (typeof fields)[number];

const fields = ["actor", "action", "connection", "since", "until", "zone", "before"] as const;

/** @throws {PageFault} 400, with the field and what it may be */
export function readAuditQuery(query: unknown): AuditQuery {
  const given: Record<string, string> = {};
  for (const [name, value] of Object.entries((query ?? {}) as Record<string, unknown>)) {
    if (!fields.some((field) => field === name)) {
      throw notUnderstood(`There is no filter "${name}". There are: ${fields.join(", ")}.`);
    }
    if (typeof value !== "string") throw notUnderstood(`"${name}" is given more than once.`);
    if (value.length > 128 || value.includes("\0") || !value.isWellFormed()) {
      throw notUnderstood(`"${name}" has to be a text of up to 128 characters.`);
    }
    if (value.trim() !== "") given[name] = value.trim();
  }
  return given;
}

/** @throws {PageFault} 400 */
export function filterOf({ actor, action, connection, since, until, zone, before }: AuditQuery): AuditFilter {
  const of = readZone(zone);
  if (connection !== undefined && !isUuid(connection)) {
    throw notUnderstood(`"connection" has to be the id of a connection.`);
  }
  if (before !== undefined && !/^\d{1,18}$/.test(before)) throw notUnderstood(`"before" has to be the id of an entry.`);
  return {
    ...(actor === undefined ? {} : { actor }),
    ...(action === undefined ? {} : { action }),
    ...(connection === undefined ? {} : { connectionId: connection }),
    ...(since === undefined ? {} : { since: readTime("since", since, of) }),
    ...(until === undefined ? {} : { until: readTime("until", until, of) }),
    ...(before === undefined ? {} : { before: BigInt(before) }),
  };
}

/** The same page, or its sheet, with something else about it. */
export function auditAddress(path: string, query: AuditQuery, changes: AuditQuery = {}): string {
  const search = new URLSearchParams({ ...query, ...changes }).toString();
  return search === "" ? path : `${path}?${search}`;
}
