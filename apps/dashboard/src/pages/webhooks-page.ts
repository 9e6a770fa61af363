import { type DeliveryView, type EndpointView, type Html, html } from "@evertoken/operations";
import { bothTimes, clock, dash, milliseconds, pill, relative, type Tone } from "./format.ts";
import { liveToggle } from "./page.ts";

export function webhooksPage(endpoints: readonly EndpointView[], now: Date): Html {
  return html`<div class="head"><h1>Webhooks</h1><div class="side">${liveToggle}</div></div>
<section class="card" aria-label="Receivers"><p class="small dim">Who is told of events. Added and changed over the API (<code>POST /v1/webhooks</code>) or the settings.</p>
<div id="receivers" data-part>${endpoints.length === 0 ? html`<p class="gap">Nobody is told of events yet.</p>` : table(endpoints, now)}</div></section>`;
}

const table = (endpoints: readonly EndpointView[], now: Date): Html =>
  html`<div class="scroll gap"><table class="stack"><caption class="hidden">Receivers of events</caption>
<thead><tr><th scope="col">Receiver</th><th scope="col">Kind</th><th scope="col">State</th><th scope="col">Events</th><th scope="col">Since</th></tr></thead>
<tbody>${endpoints.map(
    (endpoint) =>
      html`<tr><th scope="row" class="any"><a href="/webhooks/${endpoint.id}">${nameOf(endpoint)}</a></th><td data-label="Kind">${endpoint.kind}</td>
<td data-label="State">${state(endpoint, now)}</td><td data-label="Events" class="any small">${eventsOf(endpoint)}</td>
<td data-label="Since" class="nowrap">${relative(endpoint.createdAt, now)}</td></tr>`,
  )}</tbody></table></div>`;

export const nameOf = ({ kind, target }: EndpointView): string =>
  kind === "user_email" ? "Mail to users" : (target ?? "cannot be read");

const eventsOf = ({ events, tags }: EndpointView) =>
  [
    events.length === 0 ? "what its kind needs" : events.join(", "),
    ...(tags.length === 0 ? [] : [`of ${tags.join(" or ")}`]),
  ].join(", ");

function state({ enabled, failingSince }: EndpointView, now: Date): Html {
  if (!enabled) return pill("off", "off");
  return failingSince === null
    ? pill("takes them", "ok")
    : html`${pill("failing", "bad")} since ${relative(failingSince, now)}`;
}

const statuses = ["pending", "delivered", "failed"] as const;
export const deliveryStatuses: readonly string[] = statuses;

export interface WebhookPage {
  readonly endpoint: EndpointView;
  readonly deliveries: readonly DeliveryView[];
  /** Where the next page begins; null: that was all. */
  readonly next: string | null;
  readonly status: string | null;
  readonly first: boolean;
  readonly now: Date;
  /** Of whoever may act; null: looks only. */
  readonly formToken: string | null;
  readonly told: { readonly tone: Tone; readonly text: string } | null;
}

export function webhookPage(page: WebhookPage): Html {
  const { endpoint, told, now, formToken, first } = page;
  return html`<div class="head"><h1>${nameOf(endpoint)}</h1><span class="dim">${endpoint.kind}</span><div class="side">${first ? liveToggle : null}</div></div>
${told === null ? null : html`<p class="banner ${told.tone}" role="status">${told.text}</p>`}
${formToken === null ? null : actions(endpoint, formToken)}
<section class="card" aria-labelledby="receiver"><h2 id="receiver">Receiver</h2><div id="facts" data-part><dl class="facts">
<dt>Id</dt><dd class="code">${endpoint.id}</dd><dt>State</dt><dd>${state(endpoint, now)}</dd><dt>Events</dt><dd>${eventsOf(endpoint)}</dd>
<dt>Signing secrets</dt><dd>${secrets(endpoint, now)}</dd><dt>Comes from</dt><dd>${endpoint.fromSettings ? "the settings" : "the API"}</dd>
<dt>Added</dt><dd>${bothTimes(endpoint.createdAt, now)}</dd></dl></div></section>
${deliveries(page)}`;
}

function secrets({ kind, oldSecretUntil }: EndpointView, now: Date): Html | string {
  if (kind !== "webhook") return "none: it is no webhook";
  return oldSecretUntil === null
    ? "one"
    : html`two: that of before signs as well, to the end of its time ${bothTimes(oldSecretUntil, now)}`;
}

function actions({ id, kind, enabled, fromSettings }: EndpointView, formToken: string): Html {
  const form = (action: string, content: Html) =>
    html`<form method="post" action="/webhooks/${id}/${action}"><input type="hidden" name="form_token" value="${formToken}">${content}</form>`;
  return html`<section class="card" aria-label="Actions"><div class="acts">
${!enabled || kind === "user_email" ? null : form("test", html`<button>Send a test</button>`)}
${form("replay-failed", html`<button class="quiet">Send again what was given up</button>`)}
${fromSettings ? null : form(enabled ? "disable" : "enable", enabled ? html`<button class="quiet">Switch off</button>` : html`<button>Switch on</button>`)}
${fromSettings || kind !== "webhook" ? null : html`<details id="new-secret"><summary>New signing secret</summary>${form("secret", newSecret)}</details>`}
</div></section>`;
}

const newSecret = html`<p>Both secrets sign for a day, so that the receiver can be changed meanwhile and loses nothing. The new one is shown once.</p>
<label><input type="checkbox" name="sure" value="yes" required>Make a new one</label><button>Make it</button>`;

function deliveries({ endpoint, deliveries: found, status, next, first, now, formToken }: WebhookPage): Html {
  const of = (wanted: string | null, before: string | null = null) => {
    const search = new URLSearchParams({
      ...(wanted === null ? {} : { status: wanted }),
      ...(before === null ? {} : { before }),
    }).toString();
    return `/webhooks/${endpoint.id}${search === "" ? "" : `?${search}`}`;
  };
  const ways = [null, ...statuses].map((each) =>
    each === status ? html`<b>${each ?? "all"}</b> ` : html`<a href="${of(each)}">${each ?? "all"}</a> `,
  );
  return html`<section class="card" aria-labelledby="sent"><div class="head"><h2 id="sent">What was sent</h2><p class="small side">${ways}</p></div>
<div id="deliveries"${first ? html` data-part` : null}>${found.length === 0 ? html`<p class="dim">Nothing${status === null ? "" : ` that is ${status}`}.</p>` : deliveryTable(found, now, formToken)}</div>
<nav class="pages" aria-label="Pages of what was sent">${first ? null : html`<a class="button quiet" href="${of(status)}">Newest</a>`}
${next === null ? null : html`<a class="button quiet" rel="next" href="${of(status, next)}">Earlier</a>`}</nav></section>`;
}

const tones: Readonly<Record<DeliveryView["status"], Tone>> = { delivered: "ok", pending: "warn", failed: "bad" };

const deliveryTable = (found: readonly DeliveryView[], now: Date, formToken: string | null): Html =>
  html`<div class="scroll"><table class="stack"><caption class="hidden">Deliveries, newest first</caption>
<thead><tr><th scope="col">Event</th><th scope="col">Connection</th><th scope="col">Status</th><th scope="col" class="num">Answer</th><th scope="col" class="num">Took</th>
<th scope="col">Last attempt</th><th scope="col">Attempts, next</th>${formToken === null ? null : html`<th scope="col">Again</th>`}</tr></thead>
<tbody>${found.map(
    ({ id, event, eventId, connectionId, status, httpStatus, error, answerMs, attemptedAt, attempts, nextAttemptAt }) =>
      html`<tr data-entry="${id}"><th scope="row" class="any">${event}<br><span class="code dim">${eventId}</span></th>
<td data-label="Connection">${connectionId === null ? dash : html`<a class="code" href="/connections/${connectionId}">${connectionId.slice(0, 8)}</a>`}</td>
<td data-label="Status">${pill(status, tones[status])}</td><td data-label="Answer" class="num any">${httpStatus ?? error ?? dash}</td>
<td data-label="Took" class="num nowrap">${answerMs === null ? dash : milliseconds(answerMs)}</td><td data-label="Last attempt">${attemptedAt === null ? dash : clock(attemptedAt)}</td>
<td data-label="Attempts, next">${attempts}${nextAttemptAt === null ? null : html`, ${relative(nextAttemptAt, now)}`}</td>
${formToken === null ? null : html`<td data-label="Again"><form method="post" action="/webhooks/deliveries/${id}/replay"><input type="hidden" name="form_token" value="${formToken}"><button class="quiet" aria-label="Send ${eventId} again">Send again</button></form></td>`}</tr>`,
  )}</tbody></table></div>`;
