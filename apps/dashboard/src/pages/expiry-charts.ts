import { expirySteps } from "@evertoken/adapters";
import { type Html, html } from "@evertoken/operations";
import { barChart, type Chart } from "./chart.ts";
import type { Overview } from "./read-overview.ts";

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;

const spans = [
  {
    id: "within-hour",
    title: "in the next hour",
    unit: "Within",
    stepMs: 5 * minute,
    steps: 12,
    axis: ["now", "30 min", "1 h"],
  },
  {
    id: "within-day",
    title: "in the next 24 h",
    unit: "Within",
    stepMs: hour,
    steps: 24,
    axis: ["now", "12 h", "24 h"],
  },
  {
    id: "within-month",
    title: "in the next 30 days",
    unit: "Within",
    stepMs: day,
    steps: 30,
    axis: ["now", "15 d", "30 d"],
  },
] as const;

/** When tokens end, if nobody refreshes them: what workers have before them. */
export function expiryCharts({ counts: { value } }: Overview): Html {
  const living = value.filter(({ status, step }) => status !== "disconnected" && step >= 0);
  const charts = spans.map(({ id, title, unit, stepMs, steps, axis }): Chart => {
    const bars = Array.from({ length: steps }, (_, index) => ({
      label: ends((index + 1) * stepMs),
      values: [
        living.reduce((sum, row) => {
          const end = expirySteps[row.step] ?? 0;
          return sum + (end > index * stepMs && end <= (index + 1) * stepMs ? row.connections : 0);
        }, 0),
      ],
    }));
    return {
      ...{ id, title: `Tokens that end ${title}`, unit, axis, bars },
      series: [{ name: "tokens", tone: "plain" }],
    };
  });
  return html`<section class="card" aria-label="Upcoming expiries"><div class="three">${charts.map(barChart)}</div></section>`;
}

function ends(ms: number): string {
  if (ms <= hour) return `${ms / minute} min`;
  return ms <= day ? `${ms / hour} h` : `${ms / day} d`;
}
