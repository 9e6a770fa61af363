import { type Html, html } from "@evertoken/operations";
import { count, dash, milliseconds, percent, words } from "./format.ts";
import { ranges } from "./range.ts";
import type { Overview } from "./read-overview.ts";
import { statuses } from "./statuses.ts";

/** Per provider: what it has, how its refreshes go and how long they take. */
export function providerTable({ counts: { value: counts }, stats, nameOf }: Overview): Html {
  const { label } = ranges[stats.range];
  const providers = [...new Set([...counts, ...stats.counts].map(({ provider }) => provider))].sort((a, b) =>
    nameOf(a).localeCompare(nameOf(b)),
  );
  if (providers.length === 0)
    return html`<section class="card"><h2>By provider</h2><p class="dim">No account is connected yet.</p></section>`;
  const row = (provider: string) => {
    const attempts = stats.counts.filter((each) => each.provider === provider);
    const all = sum(attempts);
    const granted = sum(attempts.filter(({ outcome }) => outcome === "granted"));
    const durations = stats.durations.filter((each) => each.provider === provider);
    return html`<tr><th scope="row"><a href="/providers/${provider}">${nameOf(provider)}</a></th>
${statuses.map((status) => number(provider, status, counts))}
<td class="num" data-label="refreshes, ${label}">${all === 0 ? dash : count(all)}</td><td class="num" data-label="succeeded">${all === 0 ? dash : percent(granted, all)}</td>
<td class="num nowrap" data-label="p50">${duration(durations, 0.5)}</td><td class="num nowrap" data-label="p95">${duration(durations, 0.95)}</td></tr>`;
  };
  return html`<section class="card"><div class="scroll"><table class="stack"><caption>By provider</caption>
<thead><tr><th scope="col">Provider</th>${statuses.map((status) => html`<th scope="col" class="num">${words(status)}</th>`)}
<th scope="col" class="num">refreshes, ${label}</th><th scope="col" class="num">succeeded</th><th scope="col" class="num">p50</th><th scope="col" class="num">p95</th></tr></thead>
<tbody>${providers.map(row)}</tbody></table></div>
<p class="small dim gap">p50 and p95: how long an attempt takes, right within an eighth.</p></section>`;
}

function number(provider: string, status: string, counts: Overview["counts"]["value"]): Html {
  const there = counts.reduce(
    (all, row) => all + (row.provider === provider && row.status === status ? row.connections : 0),
    0,
  );
  const shown =
    there === 0 ? "0" : html`<a href="/connections?provider=${provider}&amp;status=${status}">${count(there)}</a>`;
  return html`<td class="num ${there === 0 ? "zero" : ""}" data-label="${words(status)}">${shown}</td>`;
}

/** The middle of the step that holds the percentile. */
export function percentile(
  steps: readonly { duration_bucket: number; attempts: number }[],
  share: number,
): number | null {
  const all = sum(steps);
  if (all === 0) return null;
  let seen = 0;
  for (const { duration_bucket: step, attempts } of [...steps].sort((a, b) => a.duration_bucket - b.duration_bucket)) {
    seen += attempts;
    if (seen >= all * share) return 1.25 ** (step - 0.5);
  }
  return null;
}

function duration(steps: Overview["stats"]["durations"], share: number): Html | string {
  const ms = percentile(steps, share);
  return ms === null ? dash : milliseconds(ms);
}

const sum = (rows: readonly { attempts: number }[]): number => rows.reduce((all, { attempts }) => all + attempts, 0);
