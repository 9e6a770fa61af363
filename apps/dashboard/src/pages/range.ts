import { type Html, html, Html as Piece } from "@evertoken/operations";
import { notUnderstood } from "./fault.ts";

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

/** How far back pages look, and in how long steps they draw that. */
export const ranges = {
  "1h": { label: "1 h", ms: hourMs, stepMs: hourMs / 12 },
  "24h": { label: "24 h", ms: dayMs, stepMs: hourMs },
  "7d": { label: "7 d", ms: 7 * dayMs, stepMs: 6 * hourMs },
  "30d": { label: "30 d", ms: 30 * dayMs, stepMs: dayMs },
} as const;

export type Range = keyof typeof ranges;

const names = Object.keys(ranges) as Range[];

/** @throws {PageFault} 400 */
export function readRange(text: unknown): Range {
  if (text === undefined || text === "") return "24h";
  const found = names.find((name) => name === text);
  if (found === undefined)
    throw notUnderstood(`"range" cannot be "${String(text).slice(0, 32)}". It can be: ${names.join(", ")}.`);
  return found;
}

/** A way to each of them. */
export const rangeLinks = (chosen: Range | null, address: (range: Range) => string): Html =>
  html`<nav class="ranges" aria-label="Time shown">${names.map(
    (name) =>
      html`<a href="${address(name)}"${name === chosen ? new Piece(' aria-current="true"') : null}>${ranges[name].label}</a>`,
  )}</nav>`;
