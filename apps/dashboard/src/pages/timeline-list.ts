import type { TimelineEntry } from "@evertoken/adapters";
import { type Html, html } from "@evertoken/operations";
import { clock, milliseconds, pill, relative, words } from "./format.ts";
import { outcomeTone } from "./outcome-tone.ts";

export function timelineList(entries: readonly TimelineEntry[], now: Date): Html {
  if (entries.length === 0) return html`<p class="dim">Nothing has happened yet.</p>`;
  return html`<ol class="line">${entries.map(
    (entry) =>
      html`<li data-entry="${entry.kind}${entry.id}"><div>${relative(entry.at, now)}<div class="small dim">${clock(entry.at)}</div></div><div>${told(entry, now)}</div></li>`,
  )}</ol>`;
}

function told(entry: TimelineEntry, now: Date): Html {
  switch (entry.kind) {
    case "refresh":
      return html`${pill(words(entry.outcome), outcomeTone(entry.outcome))} refresh (${words(entry.trigger)})
<span class="dim small">${attempt(entry)}${entry.new_expires_at === null ? null : html`, new token ends ${relative(entry.new_expires_at, now)}`}</span>
${entry.message === null ? null : html`<p class="small any">${entry.message}</p>`}`;
    case "event":
      return html`${pill("event", "off")} <span class="code">${entry.event}</span>`;
    case "audit":
      return html`${pill("audit", "off")} <span class="code">${entry.action}</span> by ${entry.actor}
<span class="dim small any">${Object.entries(entry.detail)
        .map(([name, value]) => `${name}: ${value}`)
        .join(", ")}</span>`;
    default:
      return entry satisfies never;
  }
}

function attempt({
  error_code,
  http_status,
  duration_ms,
  generation,
}: Extract<TimelineEntry, { kind: "refresh" }>): string {
  const parts = [error_code === null ? null : words(error_code), http_status === null ? null : `HTTP ${http_status}`];
  return [...parts.filter((each) => each !== null), milliseconds(duration_ms), `generation ${generation}`].join(", ");
}
