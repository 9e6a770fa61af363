import { InvalidArgumentError } from "commander";
import { parseDuration } from "./duration.ts";
import { optionTime } from "./option-time.ts";

/** A parser for an option that takes a moment, or how long it is ago: `1h`, `2026-11-26T12:00Z`. */
export function optionSince(text: string): Date {
  try {
    return /^\d+[a-z]$/.test(text) ? new Date(Date.now() - parseDuration(text)) : optionTime(text);
  } catch {
    throw new InvalidArgumentError(
      "It needs a length of time such as 90s, 15m, 1h or 7d, or a time such as 2026-11-26T12:00Z.",
    );
  }
}
