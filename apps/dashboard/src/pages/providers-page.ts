import { formatDuration } from "@evertoken/adapters";
import { type Html, html, type Situation } from "@evertoken/operations";
import { type ConfiguredProvider, describeProvider } from "@evertoken/providers";
import { boardPrefix } from "../access.ts";
import { note } from "./attention.ts";
import type { PageContext } from "./context.ts";
import { count, dash, pill, relative, statusTone, words } from "./format.ts";
import { liveToggle } from "./page.ts";
import type { QueueStanding } from "./queue-standings.ts";
import { queueMarks } from "./queue-table.ts";
import { statuses } from "./statuses.ts";

export interface ProvidersPage {
  readonly now: Date;
  /** Those that are configured or have connections. */
  readonly ids: readonly string[];
  readonly counts: Awaited<ReturnType<PageContext["counts"]>>["value"];
  readonly situation: Situation;
  readonly queues: readonly QueueStanding[] | null;
  /** Of whoever may act. */
  readonly formToken: string | null;
}

export function providersPage({ engine }: PageContext, page: ProvidersPage): Html {
  return html`<div class="head"><h1>Providers</h1><div class="side">${liveToggle}</div></div>
<div id="providers" data-part>${page.situation.troubles.filter(({ kind }) => kind === "redis").map((each) => note(each, page.situation.outages, page))}
${page.ids.length === 0 ? html`<p class="card">No provider is configured, and no account is connected yet.</p>` : null}
<div class="two">${page.ids.map((id) => providerCard(engine, id, page))}</div></div>`;
}

/** What is known of one provider, and what stands in its way. */
export function providerCard(
  { providers, config }: PageContext["engine"],
  id: string,
  { counts, situation, queues, now, formToken }: ProvidersPage,
): Html {
  const known = providers.get(id);
  const fault = providers.faults().get(id);
  const why = providers.waiting().has(id) ? "Its issuer gave no endpoints yet" : "What is stored of it cannot be used";
  const name = known?.provider.name ?? id;
  const standing = queues?.find((queue) => queue.name === `refresh-${id}`) ?? null;
  const own = situation.troubles.filter(({ provider }) => provider === id);
  return html`<section class="card" id="${id}" aria-labelledby="${id}-name"><div class="head"><h2 id="${id}-name"><a href="/providers/${id}">${name}</a></h2>
<span class="code dim">${id}</span>${known === undefined ? pill("not known here", "bad") : known.configured ? null : pill("no registration", "warn")}</div>
${fault === undefined ? null : html`<p class="banner bad gap"><b>${why}</b>${fault}</p>`}
<div class="notes">${own.map((each) => note(each, situation.outages, { now, formToken }))}</div>
<p class="gap">${connections(id, counts)}</p>
<dl class="facts gap"><dt>Queue</dt><dd>${standing === null ? (queues === null ? "not known" : dash) : queueOf(standing, now)}</dd>
${known === undefined ? null : facts(known, config.timing.marginMs)}</dl></section>`;
}

function connections(id: string, counts: ProvidersPage["counts"]): Html | string {
  const shown = statuses.flatMap((status) => {
    const there = counts.reduce(
      (sum, row) => sum + (row.provider === id && row.status === status ? row.connections : 0),
      0,
    );
    if (there === 0) return [];
    return [
      html`<a class="pill ${statusTone[status] ?? "off"}" href="/connections?provider=${id}&amp;status=${status}">${count(there)} ${words(status)}</a> `,
    ];
  });
  return shown.length === 0 ? "No connections." : html`${shown}`;
}

function queueOf(queue: QueueStanding, now: Date): Html {
  const { name, waiting, active, delayed, failed, nextDueAt } = queue;
  return html`<a href="${boardPrefix}/queue/${name}">${name}</a> ${queueMarks(queue)}
<span class="dim">${count(waiting)} waiting, ${count(active)} active, ${count(delayed)} delayed, ${count(failed)} failed${nextDueAt === null ? null : html`, next due ${relative(nextDueAt, now)}`}</span>`;
}

function facts({ provider, concurrency, origin }: ConfiguredProvider, defaultMarginMs: number): Html {
  const { docs, lifetimeSeconds, marginSeconds, rotation, refreshTokenEnd, spends, throttleScope } =
    describeProvider(provider);
  const margin =
    marginSeconds === null ? `${formatDuration(defaultMarginMs)} (the default)` : formatDuration(marginSeconds * 1000);
  const fact = (term: string, value: Html | string) => html`<dt>${term}</dt><dd>${value}</dd>`;
  return html`${fact("Token lives", lifetimeSeconds === null ? "without an end" : formatDuration(lifetimeSeconds * 1000))}
${spends === "nothing" ? null : fact("Refreshed", `${margin} before its end`)}
${fact("Refresh token", rotation)}
${refreshTokenEnd === null ? null : fact("Which ends", refreshTokenEnd)}
${fact("Its limits are", throttleScope === "provider" ? "the app's: all its connections wait" : "the account's: one connection waits")}
${concurrency === null ? null : fact("At a time", `${concurrency} in each worker`)}
${fact("Defined in", origins[origin])}
${fact("Documentation", documentation(docs))}`;
}

const origins = { catalogue: "the box", settings: "the settings", stored: "the database" } as const;

/** Files of one's own may say anything. */
function documentation(docs: string): Html | string {
  if (!/^https?:/.test(docs) || !URL.canParse(docs)) return docs;
  return html`<a href="${docs}" rel="noreferrer noopener">${new URL(docs).host}</a>`;
}
