import { type AuditFilter, isUuid } from "@evertoken/engine/internal";
import { notUnderstood } from "./fault.ts";

/** What the address of the page asks for, as it was typed; nothing that was left empty. */
export type AuditQuery = Readonly<Partial<Record<AuditField, string>>>;
type AuditField = (typeof fields)[number];

const fields = ["actor", "action", "connection", "since", "until", "before"] as const;

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
export function filterOf({ actor, action, connection, since, until, before }: AuditQuery): AuditFilter {
  if (connection !== undefined && !isUuid(connection)) {
    throw notUnderstood(`"connection" has to be the id of a connection.`);
  }
  if (before !== undefined && !/^\d{1,18}$/.test(before)) throw notUnderstood(`"before" has to be the id of an entry.`);
  return {
    ...(actor === undefined ? {} : { actor }),
    ...(action === undefined ? {} : { action }),
    ...(connection === undefined ? {} : { connectionId: connection }),
    ...(since === undefined ? {} : { since: readTime("since", since) }),
    ...(until === undefined ? {} : { until: readTime("until", until) }),
    ...(before === undefined ? {} : { before: BigInt(before) }),
  };
}

/** As a form gives it: without a zone, and so in UTC, as the page shows it. */
const form = /^\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d{1,3})?)?)?Z?$/;

function readTime(name: string, text: string): Date {
  const day = text.replace(/Z$/, "");
  const time = new Date(day.includes("T") ? `${day}Z` : day);
  if (form.test(text) && !Number.isNaN(time.getTime())) return time;
  throw notUnderstood(`"${name}" has to be a time such as 2026-11-26T12:00, in UTC.`);
}

/** The same page, or its sheet, with something else about it. */
export function auditAddress(path: string, query: AuditQuery, changes: AuditQuery = {}): string {
  const search = new URLSearchParams({ ...query, ...changes }).toString();
  return search === "" ? path : `${path}?${search}`;
}
