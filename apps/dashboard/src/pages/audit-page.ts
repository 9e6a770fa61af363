import type { auditLog } from "@evertoken/engine/internal";
import { type Html, html } from "@evertoken/operations";
import { type AuditQuery, auditAddress } from "./audit-query.ts";
import { clock, dash } from "./format.ts";
import { timeField } from "./log-page.ts";

type Entry = Awaited<ReturnType<typeof auditLog>>[number];

export interface AuditList {
  readonly query: AuditQuery;
  readonly entries: readonly Entry[];
  /** Where the next page begins; null: that was all. */
  readonly next: string | null;
}

export function auditPage({ query, entries, next }: AuditList): Html {
  const { before: _, ...filter } = query;
  return html`<div class="head"><h1>Audit</h1><a class="button quiet" href="${auditAddress("/audit.csv", filter)}" download>CSV</a></div>
${filterForm(query)}
<section class="card" aria-label="Found">
<p class="small dim">The newest first. Reads of tokens, refusals and what failed are counted: one entry a minute for all that are alike.</p>
${entries.length === 0 ? html`<p class="gap">Nothing fits.</p>` : table(entries, filter)}
<nav class="pages" aria-label="Pages of the log">${query.before === undefined ? null : html`<a class="button quiet" href="${auditAddress("/audit", filter)}">First page</a>`}
${next === null ? null : html`<a class="button" rel="next" href="${auditAddress("/audit", filter, { before: next })}">Next page</a>`}</nav></section>`;
}

const table = (entries: readonly Entry[], filter: AuditQuery): Html =>
  html`<div class="scroll gap"><table class="stack"><caption class="hidden">Audit log</caption>
<thead><tr><th scope="col">When</th><th scope="col">Who</th><th scope="col">From</th><th scope="col">What</th><th scope="col">Connection</th><th scope="col">More</th></tr></thead>
<tbody>${entries.map((entry) => line(entry, filter))}</tbody></table></div>`;

function line({ id, at, actor, address, action, connectionId, detail }: Entry, filter: AuditQuery): Html {
  return html`<tr data-entry="${String(id)}"><th scope="row" class="nowrap">${clock(at)}</th>
<td data-label="Who" class="any"><a href="${auditAddress("/audit", filter, { actor })}">${actor}</a></td>
<td data-label="From" class="any">${address ?? dash}</td>
<td data-label="What" class="any"><a href="${auditAddress("/audit", filter, { action })}">${action}</a></td>
<td data-label="Connection">${connectionId === null ? dash : html`<a class="code" href="/connections/${connectionId}">${connectionId.slice(0, 8)}</a>`}</td>
<td data-label="More" class="any small">${told(detail)}</td></tr>`;
}

const told = (detail: unknown): string =>
  Object.entries((detail ?? {}) as Record<string, unknown>)
    .map(([name, value]) => `${name}: ${value}`)
    .join(", ");

function filterForm({ actor = "", action = "", connection = "", since = "", until = "", zone }: AuditQuery): Html {
  const shownZone = zone ?? (since === "" && until === "" ? "" : "UTC");
  return html`<form class="card filter" method="get" action="/audit" role="search">
${field("actor", "Who, such as person:ada", actor)}
${field("action", "What, such as token.read", action)}
${field("connection", "Id of a connection", connection)}
${timeField("since", "From this time on", since, shownZone)}
${timeField("until", "Before this time", until, shownZone)}
<input type="hidden" name="zone" value="${shownZone}">
<div class="acts"><button>Show</button><a class="button quiet" href="/audit">Clear</a></div></form>`;
}

const field = (name: string, label: string, value: string): Html =>
  html`<div><label for="${name}">${label}</label><input id="${name}" name="${name}" value="${value}" maxlength="128" autocomplete="off" spellcheck="false"></div>`;
