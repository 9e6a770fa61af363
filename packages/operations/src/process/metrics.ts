import { Counter, Gauge, Histogram, Registry } from "prom-client";

/** What a process counts, and what its gauges read; Prometheus reads it from `/metrics`. No label holds anything of a user. */
export type Metrics = ReturnType<typeof createMetrics>;

const durationBuckets = [0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];
const latenessBuckets = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5, 15, 60, 300, 1800];

/** The first four are counted where the work is done; the gauges are read by the scheduler. */
export function createMetrics() {
  const registry = new Registry();
  const named = <L extends string>(name: string, help: string, ...labelNames: L[]) => ({
    ...{ name: `evertoken_${name}`, help, labelNames, registers: [registry] },
  });
  return {
    registry,
    refreshes: new Counter(named("refreshes_total", "Attempts to refresh a token", "provider", "outcome", "trigger")),
    refreshSeconds: new Histogram({
      ...named("refresh_duration_seconds", "From the request to its judged answer", "provider"),
      buckets: durationBuckets,
    }),
    lateness: new Histogram({
      ...named("refresh_lateness_seconds", "From a scheduled refresh's due time to its request", "provider"),
      buckets: latenessBuckets,
    }),
    deliveries: new Counter(named("webhook_deliveries_total", "Attempts to deliver events", "kind", "outcome")),
    refusals: new Counter(
      named("refusals_total", "What API and dashboard refused, as every scheduler reads it", "action", "code"),
    ),
    maintenance: new Gauge(
      named("maintenance_last_run", "Counts of the last run of a maintenance task", "task", "count"),
    ),
    taskAge: new Gauge(
      named("maintenance_age_seconds", "Since a maintenance task ended last, in any scheduler", "task"),
    ),
    setAside: new Gauge({
      ...named("spool_set_aside", "Entries of the spool that cannot be read, or that Postgres refuses"),
      // Of several processes with one spool each sees the same.
      aggregator: "max",
    }),
    connections: new Gauge(named("connections", "Connections by status", "provider", "status")),
    expiring: new Gauge(named("tokens_expiring_soon", "Access tokens that end within the sweep's window", "provider")),
    circuits: new Gauge(named("circuit_open", "1: its refreshes are paused", "provider", "registration")),
    undelivered: new Gauge(named("webhook_deliveries_pending", "Events that wait to be delivered", "kind")),
    jobs: new Gauge(named("queue_jobs", "Jobs by state", "queue", "state")),
    overdue: new Gauge(
      named("queue_oldest_overdue_seconds", "How late the oldest due job is that nobody has taken", "queue"),
    ),
  };
}
