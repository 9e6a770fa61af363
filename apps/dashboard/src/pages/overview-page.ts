import { type Html, html } from "@evertoken/operations";
import { answer } from "./answer.ts";
import { attention } from "./attention.ts";
import { expiryCharts } from "./expiry-charts.ts";
import { count, counted, statusTone, words } from "./format.ts";
import { liveToggle } from "./page.ts";
import { providerTable } from "./provider-table.ts";
import { queueTable } from "./queue-table.ts";
import { rangeLinks } from "./range.ts";
import type { Overview } from "./read-overview.ts";
import { failureTable, refreshCharts } from "./refresh-charts.ts";
import { statuses } from "./statuses.ts";

/** Each part is replaced by itself when the page is brought up to date. */
const part = (id: string, content: Html): Html => html`<div id="${id}" data-part>${content}</div>`;

export function overviewPage(overview: Overview, formToken: string | null): Html {
  const { situation, stats, now } = overview;
  return html`<div class="head"><h1>Token health</h1><div class="side">${liveToggle}</div></div>
${part("answer", answer(situation, now))}
${part("attention", attention({ situation, now, formToken, behind: stats.behind }))}
${part("tiles", tiles(overview))}
<div class="head">${rangeLinks(stats.range, (range) => (range === "24h" ? "/" : `/?range=${range}`))}</div>
${part("refreshes", refreshCharts(overview))}
${part("by-provider", providerTable(overview))}
${part("failures", failureTable(overview))}
${part("expiries", expiryCharts(overview))}
${part("queues", queueTable(overview))}`;
}

/** How many of each status, each a way to them. */
function tiles({ counts: { value, at }, now }: Overview): Html {
  const of = (status: string | null) =>
    value.reduce((sum, row) => sum + (status === null || row.status === status ? row.connections : 0), 0);
  return html`<section aria-label="Connections by status"><div class="tiles">
${statuses.map(
  (status) =>
    html`<a class="tile ${of(status) === 0 ? "" : (statusTone[status] ?? "")}" href="/connections?status=${status}"><b>${count(of(status))}</b>${words(status)}</a>`,
)}
<a class="tile" href="/connections"><b>${count(of(null))}</b>all connections</a></div>
${counted(at, now)}</section>`;
}
