import { formatDuration, type ProviderStateRow } from "@evertoken/adapters";
import { circuitAdvice } from "@evertoken/core";
import { type Html, html } from "@evertoken/operations";
import { bothTimes, count, relative } from "./format.ts";
import type { Overview } from "./read-overview.ts";

/** Workers take what is due within a second; a minute is more than a busy moment. */
const lateSeconds = 60;
const mostNotes = 8;

/** What somebody should look at, or that there is nothing. */
export function attention({ states, overdue, held, stats, queues, now, nameOf }: Overview): Html {
  const open = states.filter(({ circuit_open }) => circuit_open);
  const limited = states.filter(({ throttled_until: until }) => until !== null && until > now);
  const circuitOf = new Set(open.map(({ provider }) => provider));
  const late = overdue !== null && overdue.overdueSeconds > lateSeconds && !circuitOf.has(overdue.provider);
  const notes = [
    ...(held === null ? [] : [heldNote(held)]),
    ...(queues === null ? [redisAway] : []),
    ...bounded(open.map((state) => circuit(state, nameOf(state.provider), now))),
    ...bounded(limited.map((state) => limit(state, nameOf(state.provider), now))),
    ...(late ? [overdueNote(overdue)] : []),
    ...(stats.behind ? [behindNote] : []),
  ];
  const calm = html`<p class="banner ok" role="status">Nothing needs you: no circuit is open, no provider holds us back, no refresh is overdue${overdue === null ? "" : " by more than a minute"}.</p>`;
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

function overdueNote({ connectionId, provider, overdueSeconds }: NonNullable<Overview["overdue"]>): Html {
  return html`<p class="banner bad gap"><b>Refreshes are overdue</b>
The oldest by ${formatDuration(overdueSeconds * 1000)}: <a class="code" href="/connections/${connectionId}">${connectionId}</a> (${provider}).
See that a worker runs, and that the queue is neither paused nor stuck.</p>`;
}
