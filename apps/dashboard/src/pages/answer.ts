import { type Cause, causes } from "@evertoken/core";
import { type Html, html, type Situation } from "@evertoken/operations";
import { asOf, count } from "./format.ts";

const onWhom: Readonly<Record<Cause, string>> = {
  ours: "on us to mend",
  provider: "on the provider",
  user: "on the users: they have to reconnect",
};

/** Who cannot work now: each number leads to exactly those. */
export function answer({ outages, at }: Situation, now: Date): Html {
  const { customers, connections, byCause } = outages;
  if (connections === 0)
    return html`<section class="card answer ok" aria-label="Who cannot work now"><p class="large">Every customer can use every connection.</p>
<p class="small dim">No token has ended without a new one, ${asOf(at, now)}.</p></section>`;
  const who = `${count(customers)} ${customers === 1 ? "customer" : "customers"}`;
  const what = `${count(connections)} ${connections === 1 ? "connection" : "connections"}`;
  return html`<section class="card answer bad" aria-label="Who cannot work now">
<p class="large"><a href="/connections?state=down">${who} cannot use ${what} now</a></p>
<ul class="causes">${causes.filter((cause) => byCause[cause].connections > 0).map((cause) => line(cause, byCause[cause]))}<li class="small dim">${asOf(at, now)}</li></ul></section>`;
}

const line = (cause: Cause, { connections, customers }: Situation["outages"]["byCause"][Cause]): Html =>
  html`<li><a href="/connections?state=${cause}"><b>${count(connections)}</b> ${onWhom[cause]}</a>
<span class="dim small">${count(customers)} ${customers === 1 ? "customer" : "customers"}</span></li>`;
