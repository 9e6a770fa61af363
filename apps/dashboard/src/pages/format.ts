import { formatDuration } from "@evertoken/adapters";
import { type Html, html } from "@evertoken/operations";

export const dash = html`<span class="dim" aria-label="none">–</span>`;

/** How far away a time is; the time itself to machines, and to whoever points at it. */
export function relative(time: Date | null, now: Date, absent: Html | string = dash): Html | string {
  if (time === null) return absent;
  return html`<time datetime="${time.toISOString()}" title="${time.toISOString()}" data-title>${distance(time, now)}</time>`;
}

/** By the clock: of UTC, and where scripts run of the reader's own zone. */
export function clock(time: Date): Html {
  const iso = time.toISOString();
  return html`<time datetime="${iso}" data-at="${iso}">${iso.slice(0, 19).replace("T", " ")} UTC</time>`;
}

/** Both, for pages with room. */
export function bothTimes(time: Date | null, now: Date, absent: Html | string = dash): Html | string {
  if (time === null) return absent;
  return html`${distance(time, now)} <span class="dim small nowrap">${clock(time)}</span>`;
}

/** Of numbers that may not be those of this moment. */
export const asOf = (at: Date, now: Date): Html => html`as of ${relative(at, now)}`;

export const counted = (at: Date, now: Date): Html | null =>
  now.getTime() - at.getTime() > 2000 ? html`<p class="small dim">Numbers ${asOf(at, now)}.</p>` : null;

function distance(time: Date, now: Date): string {
  const ms = time.getTime() - now.getTime();
  if (Math.abs(ms) < 1000) return "now";
  return ms > 0 ? `in ${formatDuration(ms)}` : `${formatDuration(-ms)} ago`;
}

/** `12,345` */
export const count = (value: number): string => value.toLocaleString("en-US");

/** `99.9 %`; never 100 or 0 unless it is all or none. */
export function percent(part: number, whole: number): string {
  if (whole === 0) return "–";
  const share = (100 * part) / whole;
  const bounded = part === whole || part === 0 ? share : Math.min(Math.max(share, 0.1), 99.9);
  return `${bounded.toFixed(bounded === 100 || bounded === 0 ? 0 : 1)} %`;
}

/** `740 ms`, `2.3 s` */
export const milliseconds = (ms: number): string =>
  ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`;

export type Tone = "ok" | "warn" | "bad" | "off";

export const statusTone: Readonly<Record<string, Tone>> = {
  connected: "ok",
  token_expired: "warn",
  needs_reauth: "bad",
  error: "bad",
  disconnected: "off",
};

/** `needs_reauth` is `needs reauth`. */
export const words = (code: string): string => code.replaceAll("_", " ");

export const pill = (text: string, tone: Tone): Html => html`<span class="pill ${tone}">${text}</span>`;

export const statusPill = (status: string): Html => pill(words(status), statusTone[status] ?? "off");
