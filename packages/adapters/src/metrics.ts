import { Counter, Gauge, Histogram, Registry } from "prom-client";

/** What one process counts; Prometheus reads it from `/metrics`. No label holds anything of a user. */
export interface Metrics {
  readonly registry: Registry;
  readonly refreshes: Counter<"provider" | "outcome" | "trigger">;
  readonly refreshSeconds: Histogram<"provider">;
  readonly maintenance: Gauge<"task" | "count">;
}

const durationBuckets = [0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

export function createMetrics(): Metrics {
  const registry = new Registry();
  const registers = [registry];
  return {
    registry,
    refreshes: new Counter({
      name: "evertoken_refreshes_total",
      help: "Attempts to refresh a token",
      labelNames: ["provider", "outcome", "trigger"],
      registers,
    }),
    refreshSeconds: new Histogram({
      name: "evertoken_refresh_duration_seconds",
      help: "From the request to its judged answer",
      labelNames: ["provider"],
      buckets: durationBuckets,
      registers,
    }),
    maintenance: new Gauge({
      name: "evertoken_maintenance_last_run",
      help: "Counts of the last run of a maintenance task",
      labelNames: ["task", "count"],
      registers,
    }),
  };
}
