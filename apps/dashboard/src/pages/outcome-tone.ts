import type { Tone } from "./format.ts";

const waits: ReadonlySet<string> = new Set(["throttled", "transient", "unsent"]);

/** How bad it is that an attempt ended so. */
export function outcomeTone(outcome: string): Tone {
  if (outcome === "granted") return "ok";
  return waits.has(outcome) ? "warn" : "bad";
}
