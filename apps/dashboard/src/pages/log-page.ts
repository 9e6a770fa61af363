import { type AttemptsOfConnection, type LoggedAttempt, mostLookedAt } from "@evertoken/adapters";
import { outcomeKinds, shownStatus } from "@evertoken/core";
import { type Html, html } from "@evertoken/operations";
import { count, dash, milliseconds, pill, relative, statusPill, words } from "./format.ts";
import { type LogQuery, logAddress, rangeOf } from "./log-query.ts";
import { outcomeTone } from "./outcome-tone.ts";
import { rangeLinks } from "./range.ts";

interface LogPage {
  readonly query: LogQuery;
  readonly now: Date;
  /** Where the next page begins; null: that was all. */
  readonly goOnBefore: string | null;
  readonly providers: readonly (readonly [id: string, name: string])[];
  readonly nameOf: (provider: string) => string;
}

export interface AttemptsPage extends LogPage {
  readonly attempts: readonly LoggedAttempt[];
  readonly most: number;
}

export function logPage(page: AttemptsPage): Html {
  const { query, attempts, goOnBefore, most, now, nameOf } = page;
  const { before: _, ...filter } = query;
  const bounded = goOnBefore !== null && attempts.length < most;
  return html`${head("Log", "/log", query)}${filterForm(page, "/log")}
<section class="card" aria-label="Found">
<p class="small dim">Refresh attempts, the newest first. <a href="${logAddress("/log/connections", filter)}">The connections that these are of</a></p>
${attempts.length === 0 ? html`<p class="gap">Nothing fits${bounded ? " among these" : ""}.</p>` : table(attempts, { filter, now, nameOf })}
${bounded ? lookedAt : null}
<nav class="pages" aria-label="Pages of the log">${query.before === undefined ? null : html`<a class="button quiet" href="${logAddress("/log", filter)}">Newest</a>`}
${goOnBefore === null ? null : html`<a class="button" rel="next" href="${logAddress("/log", filter, { before: goOnBefore })}">${bounded ? "Look further back" : "Next page"}</a>`}</nav></section>`;
}

const lookedAt = html`<p class="small dim gap">The newest ${count(mostLookedAt)} attempts of this time were looked at.</p>`;

export interface GroupPage extends LogPage {
  readonly connections: readonly AttemptsOfConnection[];
  readonly count: number;
}

/** Of which connections the attempts of a filter are: from a group of failures to those who have them. */
export function logConnectionsPage(page: GroupPage): Html {
  const { query, connections, goOnBefore, now, nameOf } = page;
  const more =
    page.count > connections.length ? `, of which the last ${count(connections.length)} to have one are shown` : "";
  return html`${head("Log by connection", "/log/connections", query)}${filterForm(page, "/log/connections")}
<section class="card" aria-label="Found">
<p class="small dim">${count(page.count)} ${page.count === 1 ? "connection has" : "connections have"} such attempts${more}. <a href="${logAddress("/log", query)}">The attempts themselves</a></p>
${connections.length === 0 ? html`<p class="gap">Nothing fits.</p>` : connectionTable(connections, { query, now, nameOf })}
${goOnBefore === null ? null : lookedAt}</section>`;
}

const head = (title: string, path: string, query: LogQuery): Html => {
  const { before: _, since: _s, until: _u, zone: _z, ...rest } = query;
  const chosen = query.since === undefined && query.until === undefined ? rangeOf(query) : null;
  return html`<div class="head"><h1>${title}</h1><div class="side">${rangeLinks(chosen, (range) => logAddress(path, rest, { range }))}</div></div>`;
};

interface Lines {
  readonly filter: LogQuery;
  readonly now: Date;
  readonly nameOf: LogPage["nameOf"];
}

const table = (attempts: readonly LoggedAttempt[], lines: Lines): Html =>
  html`<div class="scroll gap"><table class="stack"><caption class="hidden">Refresh attempts</caption>
<thead><tr><th scope="col">When</th><th scope="col">Connection</th><th scope="col">Provider</th><th scope="col">Outcome</th><th scope="col">Code</th>
<th scope="col" class="num">HTTP</th><th scope="col" class="num">Took</th><th scope="col">What was said</th></tr></thead>
<tbody>${attempts.map((attempt) => line(attempt, lines))}</tbody></table></div>`;

function line(attempt: LoggedAttempt, { filter, now, nameOf }: Lines): Html {
  const { id, at, connection_id, name, provider, trigger, outcome, error_code, http_status, duration_ms, message } =
    attempt;
  const only = (label: string, changes: LogQuery) =>
    html`<a href="${logAddress("/log", filter, changes)}">${label}</a>`;
  return html`<tr data-entry="${id}"><th scope="row" class="nowrap">${relative(at, now)}</th>
<td data-label="Connection" class="any"><a href="/connections/${connection_id}">${name ?? connection_id.slice(0, 8)}</a></td>
<td data-label="Provider">${only(nameOf(provider), { provider })}</td>
<td data-label="Outcome"><a href="${logAddress("/log", filter, { outcome })}">${pill(words(outcome), outcomeTone(outcome))}</a> <span class="small dim nowrap">${words(trigger)}</span></td>
<td data-label="Code">${error_code === null ? dash : only(words(error_code), { code: error_code, outcome })}</td>
<td data-label="HTTP" class="num">${http_status ?? dash}</td><td data-label="Took" class="num nowrap">${milliseconds(duration_ms)}</td>
<td data-label="What was said" class="any small">${message ?? dash}</td></tr>`;
}

const connectionTable = (
  connections: readonly AttemptsOfConnection[],
  { query, now, nameOf }: Omit<Lines, "filter"> & { query: LogQuery },
): Html =>
  html`<div class="scroll gap"><table class="stack"><caption class="hidden">Connections</caption>
<thead><tr><th scope="col">Connection</th><th scope="col">Provider</th><th scope="col">User</th><th scope="col">Status now</th><th scope="col" class="num">Attempts</th>
<th scope="col">Last</th><th scope="col">Its log</th></tr></thead>
<tbody>${connections.map(
    ({ connection_id: id, name, user_id, provider, status, expires_at, attempts, last_at, last_code }) =>
      html`<tr><th scope="row" class="any"><a href="/connections/${id}">${name ?? id.slice(0, 8)}</a></th><td data-label="Provider">${nameOf(provider)}</td>
<td data-label="User" class="any">${user_id ?? dash}</td><td data-label="Status now">${status === null ? pill("gone", "off") : statusPill(shownStatus(status, expires_at, now))}</td>
<td data-label="Attempts" class="num">${count(attempts)}</td><td data-label="Last" class="nowrap">${relative(last_at, now)}${last_code === null ? null : html` <span class="small dim">${words(last_code)}</span>`}</td>
<td data-label="Its log"><a href="${logAddress("/log", query, { connection: id, user: undefined })}">attempts</a></td></tr>`,
  )}</tbody></table></div>`;

function filterForm({ query, providers }: LogPage, path: string): Html {
  const {
    provider = "",
    outcome = "",
    code = "",
    connection = "",
    user = "",
    tag = "",
    since = "",
    until = "",
  } = query;
  const zone = query.zone ?? (since === "" && until === "" ? "" : "UTC");
  const option =
    (chosen: string) =>
    ([value, label]: readonly [string, string]) =>
      value === chosen
        ? html`<option value="${value}" selected>${label}</option>`
        : html`<option value="${value}">${label}</option>`;
  const outcomes = [
    ["", "any"],
    ["failed", "failed, any way"],
    ...outcomeKinds.map((kind) => [kind, words(kind)] as const),
  ] as const;
  return html`<form class="card filter" method="get" action="${path}" role="search">
<div><label for="provider">Provider</label><select id="provider" name="provider">${[["", "any"] as const, ...providers].map(option(provider))}</select></div>
<div><label for="outcome">Outcome</label><select id="outcome" name="outcome">${outcomes.map(option(outcome))}</select></div>
${field("code", "Code, such as invalid_client", code)}
${field("connection", "Id of a connection", connection)}
${field("user", "Id of a user", user)}
${field("tag", "Tag of its connection", tag)}
${timeField("since", "From this time on", since, zone)}
${timeField("until", "Before this time", until, zone)}
<input type="hidden" name="zone" value="${zone}">
<div class="acts"><button>Show</button><a class="button quiet" href="${path}">Clear</a></div></form>`;
}

const field = (name: string, label: string, value: string): Html =>
  html`<div><label for="${name}">${label}</label><input id="${name}" name="${name}" value="${value}" maxlength="512" autocomplete="off" spellcheck="false"></div>`;

/** In the reader's zone where scripts run, which then name it; else in UTC. */
export const timeField = (name: string, label: string, value: string, zone: string): Html =>
  html`<div><label for="${name}">${label} (<span data-zone-name>${zone === "" ? "UTC" : zone}</span>)</label><input id="${name}" name="${name}" type="datetime-local" value="${value.replace(/Z$/, "")}"></div>`;
