import { type RegistrationView, registrations, withStore } from "@evertoken/engine/internal";
import { type Html, html } from "@evertoken/operations";
import type { PageContext } from "./context.ts";
import { PageFault } from "./fault.ts";
import { relative } from "./format.ts";
import { liveToggle } from "./page.ts";
import { providerTable } from "./provider-table.ts";
import { providerCard } from "./providers-page.ts";
import { type Range, rangeLinks } from "./range.ts";
import { type Overview, readOverview } from "./read-overview.ts";
import { failureTable, refreshCharts } from "./refresh-charts.ts";

export interface ProviderPage {
  readonly id: string;
  /** Of this provider alone. */
  readonly overview: Overview;
  readonly registrations: readonly RegistrationView[];
}

/** @throws {PageFault} 404 */
export async function readProvider(context: PageContext, id: string, range: Range): Promise<ProviderPage> {
  const { engine } = context;
  const overview = await readOverview(context, range);
  const { counts, stats } = overview;
  const isKnown =
    (await withStore(() => engine.providers.known(id))) !== undefined || engine.providers.faults().has(id);
  if (!isKnown && !counts.value.some(({ provider }) => provider === id))
    throw new PageFault(404, "Not found", "There is no such provider.");
  const own = <T extends { readonly provider: string }>(rows: readonly T[]) =>
    rows.filter(({ provider }) => provider === id);
  return {
    id,
    registrations: await registrations.list(engine, { provider: id }),
    overview: {
      ...overview,
      counts: { ...counts, value: own(counts.value) },
      stats: { ...stats, counts: own(stats.counts), durations: own(stats.durations) },
    },
  };
}

export function providerPage({ engine }: PageContext, page: ProviderPage, formToken: string | null): Html {
  const { id, overview } = page;
  const { stats, counts, situation, queues, now, nameOf } = overview;
  const address = (range: Range) => (range === "24h" ? `/providers/${id}` : `/providers/${id}?range=${range}`);
  const shown = { now, ids: [id], counts: counts.value, situation, queues, formToken };
  const isPaused = queues?.find(({ name }) => name === `refresh-${id}`)?.paused;
  return html`<div class="head"><h1>${nameOf(id)}</h1><div class="side">${rangeLinks(stats.range, address)}${liveToggle}</div></div>
<div id="provider" data-part>${providerCard(engine, id, shown)}</div>
${formToken === null || isPaused === undefined ? null : turn(id, isPaused, formToken)}
<div id="refreshes" data-part>${refreshCharts(overview)}</div>
<div id="speed" data-part>${providerTable(overview)}</div>
<div id="failures" data-part>${failureTable(overview)}</div>
${registrationTable(page, now)}
<p><a href="/log?provider=${id}">Its attempts in the log</a></p>`;
}

const turn = (id: string, isPaused: boolean, formToken: string): Html =>
  html`<section class="card" aria-label="Actions"><form class="acts" method="post" action="/providers/${id}/${isPaused ? "resume" : "pause"}"><input type="hidden" name="form_token" value="${formToken}">
<button class="${isPaused ? "" : "quiet"}">${isPaused ? "Resume its refreshes" : "Pause its refreshes"}</button><span class="small dim">${isPaused ? "What is late runs at once." : "Apps still refresh what they read; nothing else runs until somebody resumes it."}</span></form></section>`;

function registrationTable({ id, registrations: found }: ProviderPage, now: Date): Html | null {
  if (found.length === 0) return null;
  return html`<section class="card"><div class="scroll"><table class="stack"><caption>Stored client registrations</caption>
<thead><tr><th scope="col">Name</th><th scope="col">Client id</th><th scope="col">Secret</th><th scope="col">Changed</th></tr></thead>
<tbody>${found.map(
    ({ name, clientId, hasSecret, updatedAt }) =>
      html`<tr><th scope="row">${id}/${name}</th><td data-label="Client id" class="code any">${clientId}</td><td data-label="Secret">${hasSecret ? "set" : "none: a public client"}</td><td data-label="Changed">${relative(updatedAt, now)}</td></tr>`,
  )}</tbody></table></div></section>`;
}
