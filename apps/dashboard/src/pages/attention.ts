import { formatDuration, type ProviderStateRow } from "@evertoken/adapters";
import { circuitAdvice } from "@evertoken/core";
import { type FailingEndpoint, type Html, html, type LateRefreshes } from "@evertoken/operations";
import { boardPrefix } from "../access.ts";
import { bothTimes, count, relative } from "./format.ts";
import type { Overview } from "./read-overview.ts";

const mostNotes = 8;

/** What somebody should look at, or that there is nothing. */
export function attention({ states, late, failing, held, stats, queues, now, nameOf }: Overview): Html {
  const open = states.filter(({ circuit_open }) => circuit_open);
  const limited = states.filter(({ throttled_until: until }) => until !== null && until > now);
  const paused = (queues ?? []).filter((queue) => queue.paused).map(({ name }) => name);
  const notes = [
    ...(held === null ? [] : [heldNote(held)]),
    ...(queues === null ? [redisAway] : []),
    ...bounded(open.map((state) => circuit(state, nameOf(state.provider), now))),
    ...bounded(limited.map((state) => limit(state, nameOf(state.provider), now))),
    ...bounded(late.map((each) => lateNote(each, nameOf(each.provider)))),
    ...bounded(failing.map((each) => failingNote(each, now))),
    ...(paused.length === 0 ? [] : [pausedNote(paused)]),
    ...(stats.behind ? [behindNote] : []),
  ];
  const calm = html`<p class="banner ok" role="status">Nothing needs you: no circuit is open, no provider holds us back, no queue is paused, no refresh is late.</p>`;
  return html`<section aria-label="What needs attention">${notes.length === 0 ? calm : notes}</section>`;
}

/** With a registration per customer there can be very many. */
function bounded(notes: readonly Html[]): readonly Html[] {
  if (notes.length <= mostNotes) return notes;
  const rest = html`<p class="banner warn gap">and ${count(notes.length - mostNotes)} more: <a href="/providers">all providers</a></p>`;
  return [...notes.slice(0, mostNotes), rest];
}

export const redisAway = html`<p class="banner warn gap" role="alert"><b>Redis does not answer.</b>
What Postgres knows is shown; queues and jobs are not. Scheduled refreshes wait for it, apps read and refresh tokens without it.</p>`;

const heldNote = (reason: string) => html`<p class="banner bad gap" role="alert"><b>Held: nothing is refreshed.</b>
${reason}. Living tokens are served. Run <code>evertoken adopt</code>: it shows what was found and what can be done.</p>`;

const behindNote = html`<p class="banner warn gap"><b>The statistics are behind.</b>
The scheduler adds the refresh log up every minute and has not done so for a while: see that one runs. What is shown of refreshes is incomplete.</p>`;

export function circuit(
  { provider, registration, code, reason, opened_at, next_probe_at }: ProviderStateRow,
  name: string,
  now: Date,
): Html {
  const { title, todo } = circuitAdvice(code);
  return html`<div class="banner bad gap"><b>${name} ${title} (circuit open)</b>
<dl class="facts gap"><dt>Registration</dt><dd>${provider}/${registration}</dd><dt>Since</dt><dd>${bothTimes(opened_at, now)}</dd>
<dt>Code, reason</dt><dd>${code ?? "invalid_client"}: ${reason ?? "no reason given"}</dd><dt>Next probe</dt><dd>${bothTimes(next_probe_at, now)}</dd>
<dt>What to do</dt><dd>${todo}</dd></dl></div>`;
}

export function limit({ provider, registration, throttled_until }: ProviderStateRow, name: string, now: Date): Html {
  return html`<p class="banner warn gap"><b>${name} asked us to wait</b>
All refreshes of ${provider}/${registration} go on ${relative(throttled_until, now)}. Nothing is lost and nothing needs to be done.</p>`;
}

function lateNote({ connectionId, count: late, overdueSeconds, paused }: LateRefreshes, name: string): Html {
  const todo = paused
    ? "Its queue is paused: resume it in Bull Board when it may go on."
    : "See that a worker runs and is ready, and what it logs.";
  return html`<p class="banner bad gap"><b>${name}: ${late === 1 ? "a refresh is" : `${count(late)} refreshes are`} late</b>
The oldest by ${formatDuration(overdueSeconds * 1000)}: <a class="code" href="/connections/${connectionId}">${connectionId}</a>. ${todo}</p>`;
}

const pausedNote = (
  names: readonly string[],
) => html`<p class="banner warn gap"><b>${names.length === 1 ? "A queue is" : `${names.length} queues are`} paused</b>
${names.map((name, n) => html`${n === 0 ? "" : ", "}<a href="${boardPrefix}/queue/${name}">${name}</a>`)}: nothing of it runs until somebody resumes it.</p>`;

function failingNote({ id, kind, failingSince, waiting, error, enabled }: FailingEndpoint, now: Date): Html {
  const todo = enabled
    ? "They are sent when it takes them again."
    : "Nothing is sent to it any more: switch it on again when it is mended.";
  return html`<p class="banner bad gap"><b>A receiver of events does not take them: ${count(waiting)} wait</b>
The ${kind} endpoint <span class="code">${id}</span> has failed since ${relative(failingSince, now)}${error === null ? "" : html`: ${error}`}. ${todo}</p>`;
}
