import { randomUUID } from "node:crypto";
import { type Html, html } from "@evertoken/operations";
import { deeds } from "./bulk-words.ts";
import { count } from "./format.ts";
import { listAddress } from "./list-query.ts";
import type { ConnectionList } from "./read-list.ts";

/** The boxes of the rows belong to it by its id. */
const bulkFormId = "bulk";

/** What an operator can do with many of a list. Each page has a mark of its own, by which the same form that is sent twice is told. */
export function bulkForm({ query, rows, total }: ConnectionList, formToken: string): Html {
  const all = `all ${count(total.count)}${total.more ? " or more" : ""} that match`;
  const which = [
    ["chosen", html`those that are ticked<span data-chosen></span>`],
    ["page", `all ${count(rows.length)} on this page`],
    ["all", all],
  ] as const;
  return html`<form class="card filter" id="${bulkFormId}" method="post" action="/connections/bulk" aria-label="With many connections">
<input type="hidden" name="form_token" value="${formToken}"><input type="hidden" name="mark" value="${randomUUID()}">
<input type="hidden" name="filter" value="${listAddress(query, { after: null })}"><input type="hidden" name="page" value="${rows.map(({ id }) => id).join(" ")}">
<fieldset class="wide"><legend>With</legend>${which.map(
    ([value, label], index) =>
      html`<label><input type="radio" name="which" value="${value}"${index === 0 ? html` checked` : null}>${label}</label>`,
  )}</fieldset>
<div><label for="deed">Do</label><select id="deed" name="deed">${deeds.map(([value, label]) => html`<option value="${value}">${label}</option>`)}</select></div>
<div><label for="bulk-tag">Tag, to add or take away</label><input id="bulk-tag" name="tag" list="known-tags" maxlength="50" autocomplete="off" autocapitalize="none" spellcheck="false"></div>
<div class="acts"><button>Go on</button></div></form>`;
}

export const box = (id: string, name: string): Html =>
  html`<td class="pick"><label><input type="checkbox" name="id" value="${id}" form="${bulkFormId}"><span class="hidden">Choose ${name}</span></label></td>`;

/** Shown where scripts run. */
export const boxOfAll = html`<th scope="col" class="pick"><label data-all hidden><input type="checkbox"><span class="hidden">Tick all on this page</span></label></th>`;
