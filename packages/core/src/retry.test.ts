import { expect, test } from "vitest";
import { day, hour, minute } from "./decide.fixtures.ts";
import { retryDelayMs } from "./retry.ts";
import { defaultTiming } from "./timing.ts";

const delay = (failures: number, failingForMs: number, random: number) =>
  retryDelayMs(failures, failingForMs, random, defaultTiming);

test.each([
  [1, 1000, 1300],
  [2, 2000, 2600],
  [3, 4000, 5200],
])("quick try %i comes after %i to %i ms", (failures, least, most) => {
  expect(delay(failures, 0, 0)).toBe(least);
  expect(delay(failures, 0, 0.999999)).toBe(most);
});

test.each([
  [0, 5 * minute],
  [day - 1, 5 * minute],
  [day, hour],
  [30 * day - 1, hour],
  [30 * day, null],
  [365 * day, null],
])("then, failing for %i ms: again after %s ms", (failingForMs, expected) => {
  for (const random of [0, 0.5, 0.99]) expect(delay(4, failingForMs, random)).toBe(expected);
});

test("quick tries are capped", () => {
  const timing = { ...defaultTiming, quickRetries: 10 };
  expect(retryDelayMs(10, 0, 0, timing)).toBe(30_000);
});

test("without quick tries the first one waits its five minutes", () => {
  expect(retryDelayMs(1, 0, 0, { ...defaultTiming, quickRetries: 0 })).toBe(5 * minute);
});
