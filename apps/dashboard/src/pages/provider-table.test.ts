import { expect, test } from "vitest";
import { percentile } from "./provider-table.ts";

const step = (ms: number) => Math.max(0, Math.ceil(Math.log(Math.max(ms, 1)) / Math.log(1.25)));

test("percentiles are those of the durations, within an eighth", () => {
  const durations = Array.from({ length: 1000 }, (_, n) => 20 + n * 3);
  const steps = durations.map((ms) => ({ duration_bucket: step(ms), attempts: 1 })).reverse();
  for (const share of [0.01, 0.5, 0.95, 0.999]) {
    const exact = durations[Math.ceil(share * durations.length) - 1] ?? 0;
    const told = percentile(steps, share) ?? 0;
    expect(Math.abs(told - exact) / exact, `${share}`).toBeLessThan(0.125);
  }
});

test("of nothing there is none", () => {
  expect(percentile([], 0.5)).toBeNull();
});
