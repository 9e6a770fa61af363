import { type Html, html } from "@evertoken/operations";
import { barChart, type Series } from "./chart.ts";
import { hoursShown } from "./context.ts";
import { asOf, count, counted, dash, relative, words } from "./format.ts";
import { logAddress } from "./log-query.ts";
import type { Overview } from "./read-overview.ts";

/** Eleven outcomes are too many colours: they are drawn by what they ask of people. The table of failures tells them apart. */
const groups: readonly (Series & { readonly outcomes: readonly string[] })[] = [
  { name: "refreshed", tone: "ok", outcomes: ["granted"] },
  { name: "told to wait", tone: "wait", outcomes: ["throttled"] },
  { name: "provider or network trouble", tone: "warn", outcomes: ["transient", "unsent", "uncertain"] },
  {
    name: "refused or unusable",
    tone: "bad",
    outcomes: ["denied", "misconfigured", "unknown", "nothing_to_spend", "unreadable", "unaddressable"],
  },
];

const hourMs = 3_600_000;

export function refreshCharts({ stats, statsAt, now }: Overview): Html {
  const hours = Array.from({ length: hoursShown }, (_, index) => new Date(stats.since.getTime() + index * hourMs));
  const bars = (shown: typeof groups) =>
    hours.map((hour) => ({
      label: clock(hour),
      values: shown.map(({ outcomes }) =>
        stats.counts.reduce(
          (sum, row) =>
            sum + (row.hour.getTime() === hour.getTime() && outcomes.includes(row.outcome) ? row.attempts : 0),
          0,
        ),
      ),
    }));
  const axis = [hours[0], hours[hoursShown / 2], hours.at(-1)].map((hour) => (hour === undefined ? "" : clock(hour)));
  const failing = groups.slice(1);
  return html`<section class="two" aria-label="Refreshes in the last 24 hours">
<div class="card">${barChart({ id: "attempts", title: "Refreshes by hour, last 24 h", unit: "Hour (UTC)", series: groups, bars: bars(groups), axis })}</div>
<div class="card">${barChart({ id: "failed", title: "Of these, without a new token", unit: "Hour (UTC)", series: failing, bars: bars(failing), axis })}</div></section>${counted(statsAt, now)}`;
}

const clock = (hour: Date): string => `${hour.toISOString().slice(11, 13)}:00`;

interface Failures {
  readonly provider: string;
  readonly outcome: string;
  readonly code: string | null;
  attempts: number;
  lastAt: Date;
  lastConnectionId: string;
}

const mostFailures = 30;

/** Failures of the day by provider and reason, the most frequent first. */
export function failureTable({ stats, statsAt, now, nameOf }: Overview): Html {
  const found = new Map<string, Failures>();
  for (const {
    provider,
    outcome,
    error_code: code,
    attempts,
    last_at: lastAt,
    last_connection_id: lastConnectionId,
  } of stats.counts) {
    if (outcome === "granted") continue;
    const key = `${provider} ${outcome} ${code}`;
    const known = found.get(key);
    if (known === undefined) found.set(key, { provider, outcome, code, attempts, lastAt, lastConnectionId });
    else {
      known.attempts += attempts;
      if (lastAt >= known.lastAt) Object.assign(known, { lastAt, lastConnectionId });
    }
  }
  const rows = [...found.values()].sort((a, b) => b.attempts - a.attempts);
  if (rows.length === 0)
    return html`<section class="card"><h2>Failures, last 24 h</h2><p class="dim">${stats.behind ? "Not known: the statistics are behind." : html`None, ${asOf(statsAt, now)}.`}</p></section>`;
  return html`<section class="card"><div class="scroll"><table class="stack"><caption>Failures by provider and reason, last 24 h</caption>
<thead><tr><th scope="col">Provider</th><th scope="col">Outcome</th><th scope="col">Code</th><th scope="col" class="num">Attempts</th>
<th scope="col">Last</th><th scope="col">For example</th><th scope="col">Whose</th></tr></thead>
<tbody>${rows.slice(0, mostFailures).map((row) => failure(row, nameOf(row.provider), now))}</tbody></table></div>
${rows.length > mostFailures ? html`<p class="small dim">and ${count(rows.length - mostFailures)} more kinds</p>` : null}</section>`;
}

function failure(
  { provider, outcome, code, attempts, lastAt, lastConnectionId }: Failures,
  name: string,
  now: Date,
): Html {
  const group = { provider, outcome, ...(code === null ? {} : { code }) };
  return html`<tr><th scope="row">${name}</th><td data-label="Outcome">${words(outcome)}</td><td data-label="Code">${code ?? dash}</td>
<td class="num" data-label="Attempts"><a href="${logAddress("/log", group)}">${count(attempts)}</a></td><td data-label="Last">${relative(lastAt, now)}</td>
<td data-label="For example"><a class="code" href="/connections/${lastConnectionId}">${lastConnectionId.slice(0, 8)}</a></td>
<td data-label="Whose"><a href="${logAddress("/log/connections", group)}">their connections</a></td></tr>`;
}
