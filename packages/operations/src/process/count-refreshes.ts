import type { Settled } from "@evertoken/engine/internal";
import type { Metrics } from "./metrics.ts";

/** Counts each attempt, once, as a process of ours shows it to Prometheus. */
export function countRefreshes({ refreshes, refreshSeconds, lateness }: Metrics): (settled: Settled) => void {
  return ({ record: { provider, log } }) => {
    refreshes.inc({ provider, outcome: log.outcome, trigger: log.trigger });
    refreshSeconds.observe({ provider }, log.durationMs / 1000);
    // What an operator or a sweep brought forward was not due.
    if (log.trigger !== "scheduled" || log.dueAt === null) return;
    lateness.observe({ provider }, Math.max(0, log.at.getTime() - log.dueAt.getTime()) / 1000);
  };
}
