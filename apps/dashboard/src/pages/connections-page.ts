import type { ListedConnection } from "@evertoken/adapters";
import { outageReasons, shownStatus } from "@evertoken/core";
import { type Html, html, type SavedList, type Session } from "@evertoken/operations";
import { actorToken } from "./actions.ts";
import { box, boxOfAll, bulkForm } from "./bulk-form.ts";
import type { PageContext } from "./context.ts";
import { count, pill, relative, statusPill, words } from "./format.ts";
import { type ListQuery, listAddress, sorts, states } from "./list-query.ts";
import { type ConnectionList, marginOf, timeOf } from "./read-list.ts";
import { savedBar } from "./saved.ts";
import { statuses } from "./statuses.ts";
import { tagLinks } from "./tag-links.ts";
import { userAddress } from "./user-page.ts";

interface ListPage {
  readonly list: ConnectionList;
  readonly saved: readonly SavedList[];
  /** Those that are known, to be suggested. */
  readonly tags: readonly string[];
}

export function connectionsPage({ engine }: PageContext, { list, saved, tags }: ListPage, session: Session): Html {
  const formToken = actorToken(session);
  const { query, rows, next, now } = list;
  const changes = timeOf(query) === "updated_at";
  const nameOf = (id: string) => engine.providers.get(id)?.provider.name ?? id;
  const sheet = listAddress(query, { after: null }).replace("/connections", "/connections.csv");
  return html`<div class="head"><h1>Connections</h1>${formToken !== null ? html`<a class="button quiet" href="${sheet}" download>CSV</a>` : null}</div>
${filterForm(list, nameOf)}${suggestions(list.providers, tags)}
${savedBar(saved, query, session.formToken)}
${formToken === null || rows.length === 0 ? null : bulkForm(list, formToken)}
<section class="card" aria-label="Found">
<p class="small dim">${told(list)}</p>
${
  rows.length === 0
    ? html`<p class="gap">Nothing fits. ${query.q === "" ? "" : "Search finds what an id, user id, account id or name is or begins with."}</p>`
    : html`<div class="scroll gap"><table class="stack"><caption class="hidden">Connections</caption>
<thead><tr>${formToken === null ? null : boxOfAll}<th scope="col">Account</th><th scope="col">Provider</th><th scope="col">User</th>${sortable(query, "status", "Status")}${sortable(query, "expiry", "Token ends")}
${sortable(query, "refreshed", "Last refresh")}${changes ? sortable(query, "updated", "Last change") : html`<th scope="col">Next refresh</th>`}</tr></thead>
<tbody>${rows.map((row) => line(row, { name: nameOf(row.provider), margin: marginOf(engine, row.provider), now, changes, picks: formToken !== null }))}</tbody></table></div>`
}
<nav class="pages" aria-label="Pages of the list">${query.after === null ? null : html`<a class="button quiet" href="${listAddress(query, { after: null })}">First page</a>`}
${next === null ? null : html`<a class="button" rel="next" href="${listAddress(query, { after: next })}">Next page</a>`}</nav></section>`;
}

/** A head that sorts by its column, and turns the order round where that is in place. */
function sortable(query: ListQuery, sort: ListQuery["sort"], label: string): Html {
  // What is a range of a time is in the order of that time alone.
  if (query.state !== null) return html`<th scope="col">${label}</th>`;
  const chosen = query.sort === sort;
  const descending = chosen ? !query.descending : sort !== "expiry";
  const order = chosen ? html` aria-sort="${query.descending ? "descending" : "ascending"}"` : null;
  const arrow = chosen ? html`<span aria-hidden="true">${query.descending ? " ↓" : " ↑"}</span>` : null;
  return html`<th scope="col"${order}><a href="${listAddress(query, { sort, descending, after: null })}">${label}${arrow}</a></th>`;
}

function told({ query, total }: ConnectionList): string {
  const many = `${count(total.count)}${total.more ? "+" : ""} ${total.count === 1 && !total.more ? "connection" : "connections"}`;
  if (query.q === "" && query.tag !== null && total.more)
    return `${many} of the first 10,000 with this tag, and maybe others; ${orderOf(query)}.`;
  if (query.q !== "")
    return total.more
      ? `${many} of the first 10,000 that begin so; a longer text finds the others.`
      : `${many}: what is called so first, then ${orderOf(query)}.`;
  return `${many}, ${orderOf(query)}.`;
}

function orderOf(query: ListQuery): string {
  const late = query.state === "expiring" ? false : query.descending;
  switch (timeOf(query)) {
    case "failing_since":
      return late ? "the last to fail first" : "the longest failing first";
    case "expires_at":
      return late ? "the last to end first" : "the first to end first";
    case "last_refresh_at":
      return late ? "the last to be refreshed first" : "the longest not refreshed first";
    default:
      if (query.sort === "status")
        return late ? "by status, the last changed first" : "by status, the longest unchanged first";
      return late ? "the last changed first" : "the longest unchanged first";
  }
}

interface Line {
  /** Of its provider. */
  readonly name: string;
  readonly margin: number;
  readonly now: Date;
  /** Whether it is about changes, and not about what comes next. */
  readonly changes: boolean;
  /** Whether it can be ticked. */
  readonly picks: boolean;
}

function line(row: ListedConnection, { name: provider, margin, now, changes, picks }: Line): Html {
  const ended = row.expires_at !== null && row.expires_at <= now && row.status !== "disconnected";
  const soon =
    !ended &&
    row.expires_at !== null &&
    row.expires_at.getTime() - now.getTime() <= margin &&
    row.status !== "disconnected";
  const failing = row.failing_since === null || row.status !== "connected" ? null : pill("failing", "warn");
  const name = row.display_name ?? row.external_account_id;
  return html`<tr>${picks ? box(row.id, name) : null}<th scope="row" class="any"><a href="/connections/${row.id}">${name}</a>
<span class="code dim">${row.id.slice(0, 8)}</span>${tagLinks(row.tags)}</th>
<td data-label="Provider">${provider}</td><td data-label="User" class="any"><a href="${userAddress(row.user_id)}">${row.user_id}</a></td>
<td data-label="Status">${statusPill(shownStatus(row.status, row.expires_at, now))} ${failing}${row.last_error_code === null ? null : html` <span class="small dim nowrap">${words(row.last_error_code)}</span>`}</td>
<td data-label="Token ends" class="nowrap">${relative(row.expires_at, now, "never")} ${ended ? pill("expired", "bad") : soon ? pill("soon", "warn") : null}</td>
<td data-label="Last refresh" class="nowrap">${relative(row.last_refresh_at, now)}</td>
${changes ? html`<td data-label="Last change" class="nowrap">${relative(row.updated_at, now)}</td>` : html`<td data-label="Next refresh" class="nowrap">${relative(row.next_refresh_at, now)}</td>`}</tr>`;
}

function filterForm({ query, providers }: ConnectionList, nameOf: (id: string) => string): Html {
  const offered =
    query.provider === null || providers.includes(query.provider) ? providers : [...providers, query.provider];
  const named = offered.map((id) => [id, nameOf(id)] as const).sort(([, a], [, b]) => a.localeCompare(b));
  const words_ = statuses.map((status) => [status, words(status)] as const);
  const sortOptions = Object.entries(sorts).map(([id, { label }]) => [id, label] as const);
  return html`<form class="card filter" method="get" action="/connections" role="search">
<div class="wide"><label for="q">Id, user, account or name (or how it begins)</label><input id="q" name="q" type="search" list="known-words" value="${query.q}" maxlength="200" autocomplete="off" spellcheck="false"></div>
${select("provider", "Provider", [["", "any"], ...named], query.provider ?? "")}
${select("status", "Status", [["", "any"], ...words_], query.status ?? "")}
<div><label for="tag">Tag</label><input id="tag" name="tag" list="known-tags" value="${query.tag ?? ""}" maxlength="50" autocomplete="off" autocapitalize="none" spellcheck="false"></div>
${select("state", "Token", [["", "any"], ...Object.entries(states)], query.state ?? "")}
${
  query.reason === null
    ? null
    : select(
        "reason",
        "Why",
        [
          ["", "any"],
          [query.reason, outageReasons[query.reason].words],
        ],
        query.reason,
      )
}
${select("sort", "Sort by", sortOptions, query.sort)}
${select(
  "order",
  "Order",
  [
    ["asc", "ascending"],
    ["desc", "descending"],
  ],
  query.descending ? "desc" : "asc",
)}
<div class="acts"><button>Show</button><a class="button quiet" href="/connections">Clear</a></div></form>`;
}

/** What the search understands beside a text, and tags, while they are typed. */
function suggestions(providers: readonly string[], tags: readonly string[]): Html {
  const known = [
    ...statuses.map((status) => `status:${status}`),
    ...providers.map((id) => `provider:${id}`),
    ...tags.map((tag) => `tag:${tag}`),
  ];
  const list = (id: string, values: readonly string[]) =>
    html`<datalist id="${id}">${values.map((value) => html`<option value="${value}">`)}</datalist>`;
  return html`${list("known-words", known)}${list("known-tags", tags)}`;
}

function select(name: string, label: string, options: readonly (readonly [string, string])[], chosen: string): Html {
  return html`<div><label for="${name}">${label}</label><select id="${name}" name="${name}">${options.map(
    ([value, text]) =>
      value === chosen
        ? html`<option value="${value}" selected>${text}</option>`
        : html`<option value="${value}">${text}</option>`,
  )}</select></div>`;
}
