import { formatDuration } from "@evertoken/adapters";
import { type Html, html } from "@evertoken/operations";
import { boardPrefix } from "../access.ts";
import { count, pill, relative } from "./format.ts";
import type { QueueStanding } from "./queue-standings.ts";
import type { Overview } from "./read-overview.ts";

export function queueTable({ queues, now }: Overview): Html {
  if (queues === null)
    return html`<section class="card"><h2>Queues</h2><p class="dim">Not known while Redis does not answer.</p></section>`;
  const shown = queues.filter((queue) => !isIdle(queue));
  const idle = queues.filter(isIdle);
  return html`<section class="card">${shown.length === 0 ? html`<h2>Queues</h2>` : table(shown, now)}
${idle.length === 0 ? null : empty(idle)}</section>`;
}

const table = (queues: readonly QueueStanding[], now: Date): Html =>
  html`<div class="scroll"><table class="stack"><caption>Queues</caption>
<thead><tr><th scope="col">Queue</th><th scope="col" class="num">waiting</th><th scope="col" class="num">active</th><th scope="col" class="num">delayed</th>
<th scope="col" class="num">failed</th><th scope="col">next due</th></tr></thead>
<tbody>${queues.map((queue) => row(queue, now))}</tbody></table></div>`;

const empty = (queues: readonly QueueStanding[]): Html =>
  html`<details id="empty-queues"><summary>${count(queues.length)} empty ${queues.length === 1 ? "queue" : "queues"}</summary>
<p class="small">${queues.map(({ name }) => html`<a href="${boardPrefix}/queue/${name}">${name}</a> `)}</p></details>`;

const isIdle = ({ waiting, active, delayed, failed, paused, limitedMs }: QueueStanding): boolean =>
  waiting + active + delayed + failed + limitedMs === 0 && !paused;

function row(queue: QueueStanding, now: Date): Html {
  const { name, waiting, active, delayed, failed, nextDueAt } = queue;
  const number = (label: string, value: number) =>
    html`<td class="num ${value === 0 ? "zero" : ""}" data-label="${label}">${count(value)}</td>`;
  return html`<tr><th scope="row"><a href="${boardPrefix}/queue/${name}">${name}</a> ${queueMarks(queue)}</th>
${number("waiting", waiting)}${number("active", active)}${number("delayed", delayed)}${number("failed", failed)}
<td data-label="next due">${relative(nextDueAt, now)}</td></tr>`;
}

export const queueMarks = ({ paused, limitedMs }: QueueStanding): Html[] => [
  ...(paused ? [pill("paused", "bad")] : []),
  ...(limitedMs > 0 ? [pill(`limited for ${formatDuration(limitedMs)}`, "warn")] : []),
];
