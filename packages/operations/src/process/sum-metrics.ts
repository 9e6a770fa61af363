import { AggregatorRegistry, type Registry } from "prom-client";

/** What one process counted, as it can be sent to another one. */
export type MetricsJson = Awaited<ReturnType<Registry["getMetricsAsJSON"]>>;

/** Counters and histograms of several processes added up; gauges as each says itself. */
export const sumMetrics = (all: readonly MetricsJson[]): Registry =>
  AggregatorRegistry.aggregate(all as never as object[]);
