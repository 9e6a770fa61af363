import type { OutageReason } from "@evertoken/core";
import { type Html, html, type Outages, type Situation, type Trouble } from "@evertoken/operations";
import { boardPrefix } from "../access.ts";
import { count, relative } from "./format.ts";

const mostNotes = 8;

export interface Attention {
  readonly situation: Situation;
  readonly now: Date;
  /** Of whoever may act; null: looks only. */
  readonly formToken: string | null;
  /** The statistics are not those of now: no scheduler adds them up. */
  readonly behind?: boolean;
}

/** What somebody should look at, or that there is nothing. */
export function attention({ situation: { troubles, outages }, now, formToken, behind = false }: Attention): Html {
  const notes = [
    ...troubles.slice(0, mostNotes).map((trouble) => note(trouble, outages, { now, formToken })),
    ...(troubles.length <= mostNotes
      ? []
      : [
          html`<p class="banner warn">and ${count(troubles.length - mostNotes)} more: <a href="/providers">all providers</a></p>`,
        ]),
    ...(behind ? [behindNote] : []),
  ];
  const calm = html`<p class="banner ok" role="status">Nothing needs you: no circuit is open, no provider holds us back, no queue is paused, no refresh is late, every receiver takes its events.</p>`;
  return html`<section class="notes" aria-label="What needs attention">${notes.length === 0 ? calm : notes}</section>`;
}

const behindNote = html`<p class="banner warn"><b>The statistics are behind.</b>
The scheduler adds the refresh log up every minute and has not done so for a while: see that one runs. What is shown of refreshes is incomplete.</p>`;

type Reader = Pick<Attention, "now" | "formToken">;

/** What happened, what to do, and the button that does it first. */
export function note(trouble: Trouble, outages: Outages, { now, formToken }: Reader): Html {
  const { severity, title, detail, todo, since, until, connectionId } = trouble;
  const rest = html`<p class="small any">${detail}</p>${connectionId === null ? null : html`<p class="small">For example <a class="code" href="/connections/${connectionId}">${connectionId}</a></p>`}`;
  return html`<div class="banner ${severity}"><b>${title}</b>
<p>${todo === null ? "Nothing needs to be done." : todo}</p>
<p class="small">${unusable(trouble, outages)}${since === null ? null : html`Since ${relative(since, now)}. `}${until === null ? null : html`${trouble.kind === "limit" ? "Goes on" : "Looked at again"} ${relative(until, now)}. `}</p>
<div class="first">${firstAct(trouble, formToken)}<details id="note-${idOf(trouble)}"><summary>More</summary>${rest}</details></div></div>`;
}

const idOf = ({ kind, provider, registration, queue, endpoint }: Trouble): string =>
  [kind, provider, registration, queue, endpoint]
    .filter((part) => part !== null)
    .join("-")
    .replace(/[^\w-]/g, "_");

/** The reasons for which a trouble keeps connections from being used. */
const reasonsOf: Readonly<Record<Trouble["kind"], readonly OutageReason[]>> = {
  held: ["held"],
  circuit: ["registration_refused", "provider_trouble", "denials_in_doubt"],
  late: ["not_refreshed"],
  paused: ["queue_paused"],
  limit: ["provider_limit"],
  ...{ redis: [], receiver: [] },
};

/** Those behind it that can be used no more: what it holds up is not yet an outage while the tokens live. */
function unusable({ kind, provider }: Trouble, { byReason }: Outages): Html | null {
  const reasons = reasonsOf[kind];
  const found = byReason.filter(
    (each) => reasons.includes(each.reason) && (provider === null || each.provider === provider),
  );
  if (found.length === 0)
    return reasons.length === 0 || kind === "limit" ? null : html`All of them can still be used. `;
  return html`${found.map(
    (each) =>
      html`<a href="/connections?state=${each.cause}${provider === null ? null : html`&amp;provider=${provider}`}&amp;reason=${each.reason}">${count(each.connections)} cannot be used now</a>. `,
  )}`;
}

function firstAct({ kind, provider, queue, endpoint, connectionId }: Trouble, formToken: string | null): Html | null {
  switch (kind) {
    case "circuit":
    case "limit":
      return html`<a class="button" href="/providers/${provider ?? ""}">Open ${provider ?? "it"}</a>`;
    case "paused":
      if (provider === null || formToken === null)
        return html`<a class="button" href="${boardPrefix}/queue/${queue ?? ""}">Open the queue</a>`;
      return html`<form method="post" action="/providers/${provider}/resume"><input type="hidden" name="form_token" value="${formToken}"><button>Resume ${provider}</button></form>`;
    case "late":
      return html`<a class="button" href="/connections/${connectionId ?? ""}">Open the oldest</a>`;
    case "receiver":
      return html`<a class="button" href="/webhooks/${endpoint ?? ""}">Open the receiver</a>`;
    case "held":
    case "redis":
      return null;
    default:
      return kind satisfies never;
  }
}
