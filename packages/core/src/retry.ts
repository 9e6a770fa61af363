import type { Timing } from "./timing.ts";

/**
 * Delay before the next try, in ms; null: give up.
 *
 * Three quick tries with jitter (1-1.3 s, 2-2.6 s, 4-5.2 s), then every 5 minutes for a day, then hourly, for 30 days.
 *
 * @param failures failures in a row, this one included
 * @param failingForMs since the first of them
 * @param random in [0, 1)
 */
export function retryDelayMs(failures: number, failingForMs: number, random: number, timing: Timing): number | null {
  if (failures <= timing.quickRetries) {
    const delay = Math.min(timing.quickRetryMs * 2 ** (failures - 1), timing.quickRetryCapMs);
    return Math.round(delay * (1 + timing.jitter * random));
  }
  if (failingForMs >= timing.giveUpAfterMs) return null;
  return failingForMs < timing.retryForMs ? timing.retryMs : timing.slowRetryMs;
}
