import { type Html, html } from "@evertoken/operations";
import { barChart, type Series } from "./chart.ts";
import { asOf, count, counted, dash, relative, words } from "./format.ts";
import { logAddress } from "./log-query.ts";
import { type Range, ranges } from "./range.ts";
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

export function refreshCharts({ stats, statsAt, now }: Overview): Html {
  const { ms, stepMs, label } = ranges[stats.range];
  const steps = Array.from({ length: ms / stepMs }, (_, index) => new Date(stats.since.getTime() + index * stepMs));
  const bars = (shown: typeof groups, outcome: string | null) =>
    steps.map((step) => ({
      label: stepLabel(step, stepMs),
      ...{ spoken: step.toISOString(), href: opens(step, stepMs, outcome) },
      values: shown.map(({ outcomes }) =>
        stats.counts.reduce(
          (sum, row) =>
            sum + (row.at.getTime() === step.getTime() && outcomes.includes(row.outcome) ? row.attempts : 0),
          0,
        ),
      ),
    }));
  const axis = [steps[0], steps[steps.length / 2], steps.at(-1)].map((step) =>
    step === undefined ? "" : stepLabel(step, stepMs),
  );
  const failing = groups.slice(1);
  return html`<section class="two" aria-label="Refreshes in the last ${label}">
<div class="card">${barChart({ id: "attempts", title: `Refreshes, last ${label}`, unit: "From", series: groups, bars: bars(groups, null), axis })}</div>
<div class="card">${barChart({ id: "failed", title: "Of these, without a new token", unit: "From", series: failing, bars: bars(failing, "failed"), axis })}</div></section>${counted(statsAt, now)}`;
}

/** The attempts that a bar counts. */
function opens(step: Date, stepMs: number, outcome: string | null): string {
  const until = new Date(step.getTime() + stepMs).toISOString();
  return logAddress("/log", { ...(outcome === null ? {} : { outcome }), since: step.toISOString(), until });
}

/** In UTC, or where scripts run in the reader's zone. */
function stepLabel(step: Date, stepMs: number): Html {
  const iso = step.toISOString();
  return stepMs < dayMs / 4
    ? html`<time datetime="${iso}" data-hour="${iso}">${iso.slice(11, 16)}</time>`
    : html`<time datetime="${iso}" data-hour="${iso}" data-day>${iso.slice(5, 10)}</time>${stepMs < dayMs ? html` <time datetime="${iso}" data-hour="${iso}">${iso.slice(11, 16)}</time>` : null}`;
}

const dayMs = 86_400_000;

interface Failures {
  readonly provider: string;
  readonly outcome: string;
  readonly code: string | null;
  attempts: number;
  lastAt: Date;
  lastConnectionId: string;
}

const mostFailures = 30;

/** Failures by provider and reason, the most frequent first. */
export function failureTable({ stats, statsAt, now, nameOf }: Overview): Html {
  const { range } = stats;
  const { label } = ranges[range];
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
    return html`<section class="card"><h2>Failures, last ${label}</h2><p class="dim">${stats.behind ? "Not known: the statistics are behind." : html`None, ${asOf(statsAt, now)}.`}</p></section>`;
  return html`<section class="card"><div class="scroll"><table class="stack"><caption>Failures by provider and reason, last ${label}</caption>
<thead><tr><th scope="col">Provider</th><th scope="col">Outcome</th><th scope="col">Code</th><th scope="col" class="num">Attempts</th>
<th scope="col">Last</th><th scope="col">For example</th><th scope="col">Whose</th></tr></thead>
<tbody>${rows.slice(0, mostFailures).map((row) => failure(row, { name: nameOf(row.provider), range, now }))}</tbody></table></div>
${rows.length > mostFailures ? html`<p class="small dim">and ${count(rows.length - mostFailures)} more kinds</p>` : null}</section>`;
}

function failure(
  { provider, outcome, code, attempts, lastAt, lastConnectionId }: Failures,
  { name, range, now }: { name: string; range: Range; now: Date },
): Html {
  const group = { provider, outcome, ...(code === null ? {} : { code }), ...(range === "24h" ? {} : { range }) };
  return html`<tr><th scope="row">${name}</th><td data-label="Outcome">${words(outcome)}</td><td data-label="Code">${code ?? dash}</td>
<td class="num" data-label="Attempts"><a href="${logAddress("/log", group)}">${count(attempts)}</a></td><td data-label="Last">${relative(lastAt, now)}</td>
<td data-label="For example"><a class="code" href="/connections/${lastConnectionId}">${lastConnectionId.slice(0, 8)}</a></td>
<td data-label="Whose"><a href="${logAddress("/log/connections", group)}">their connections</a></td></tr>`;
}
