import type { NamedBulkItem } from "@evertoken/adapters";
import type { BulkAction } from "@evertoken/engine/internal";
import { type Html, html } from "@evertoken/operations";
import { deedWords, typedWords } from "./bulk-words.ts";
import { clock, count, dash, pill, type Tone, words } from "./format.ts";
import { liveToggle } from "./page.ts";

export interface BulkPage {
  readonly action: BulkAction;
  /** Of those that were refused, some. */
  readonly refused: readonly NamedBulkItem[];
  /** Where the next of them begin; null: these are all. */
  readonly next: string | null;
  readonly formToken: string;
}

const many = (total: number) => `${count(total)} ${total === 1 ? "connection" : "connections"}`;

export function bulkPage({ action, refused, next, formToken }: BulkPage): Html {
  const { id, order, total, createdAt } = action;
  return html`<div class="head"><h1>${deedWords(order)}: ${total === null ? "being chosen" : many(total)}</h1><div class="side">${liveToggle}</div></div>
<p class="small dim">Asked for by ${order.actor.replace("person:", "")} at ${clock(createdAt)}. Kept for a week. <a href="/connections/bulk/${id}/items.csv" download>What became of each, as CSV</a></p>
<div id="standing" data-part>${standing(action)}</div>
${action.state === "open" ? begin(action, formToken) : null}
<section class="card" aria-labelledby="refused"><h2 id="refused">Refused</h2>
<div id="items" data-part>${refused.length === 0 ? html`<p class="small dim">None so far.</p>` : table(refused)}</div>
<nav class="pages" aria-label="Pages of those refused">${next === null ? null : html`<a class="button" rel="next" href="/connections/bulk/${id}?after=${next}">Next page</a>`}
<a class="button quiet" href="/connections">To the list</a></nav></section>`;
}

const states: Readonly<Record<BulkAction["state"], readonly [string, Tone]>> = {
  open: ["waits", "warn"],
  running: ["under way", "off"],
  finished: ["finished", "ok"],
  unknown: ["Redis does not answer", "warn"],
};

function standing({ state, total, done, refused }: BulkAction): Html {
  const [label, tone] = states[state];
  const tile = (name: string, value: number, kind: string) =>
    html`<div class="tile ${kind}"><b>${count(value)}</b>${name}</div>`;
  return html`<p>${pill(label, tone)}</p><div class="tiles gap">${tile("done", done, "ok")}${tile("refused", refused, refused === 0 ? "" : "bad")}
${tile("to do", Math.max(0, (total ?? 0) - done - refused), "off")}</div>`;
}

/** Nobody runs it: it was never begun, or whoever did was cut short. */
function begin({ id, order, total, done, refused }: BulkAction, formToken: string): Html {
  if (total === null)
    return html`<p class="banner warn">It was cut short while connections were chosen, and nothing was done: go back to the list and send it again.</p>`;
  const typed = typedWords(order, total);
  const begun = done + refused > 0;
  return html`<form class="card" method="post" action="/connections/bulk/${id}/start"><input type="hidden" name="form_token" value="${formToken}">
${
  typed === null
    ? null
    : html`<p>The tokens of these ${many(total)} are erased here, those of accounts that live from them too, and revoked at their providers where it can be
done. The app loses access until the users connect again. The history stays.</p>
<div class="gap"><label for="typed">Type <span class="code">${typed}</span></label><input id="typed" name="typed" required autocomplete="off" autocapitalize="none" spellcheck="false"></div>`
}
<div class="acts gap"><button class="${typed === null ? "" : "danger"}">${begun ? "Go on" : deedWords(order)}</button></div></form>`;
}

const table = (items: readonly NamedBulkItem[]): Html =>
  html`<div class="scroll"><table class="stack"><caption class="hidden">Connections that were refused</caption>
<thead><tr><th scope="col">Connection</th><th scope="col">Provider</th><th scope="col">User</th><th scope="col">Why</th></tr></thead>
<tbody>${items.map(
    ({ id, name, provider, user_id, why }) =>
      html`<tr><th scope="row" class="any"><a href="/connections/${id}">${name ?? id.slice(0, 8)}</a></th><td data-label="Provider">${provider ?? dash}</td>
<td data-label="User" class="any">${user_id ?? dash}</td><td data-label="Why" class="any">${words(why ?? "")}</td></tr>`,
  )}</tbody></table></div>`;
