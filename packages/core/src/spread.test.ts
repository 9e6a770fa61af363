import { expect, test } from "vitest";
import { spreadFraction } from "./spread.ts";

/** Chi-squared over 100 equal parts: 99 degrees of freedom, beyond 160 once in some 10,000 draws. */
function chiSquared(ids: readonly string[]): number {
  const counts = new Array(100).fill(0);
  for (const id of ids) counts[Math.floor(spreadFraction(id) * 100)]++;
  const wanted = ids.length / 100;
  return counts.reduce((sum, count) => sum + (count - wanted) ** 2 / wanted, 0);
}

const numbered = (format: (n: number) => string) => Array.from({ length: 20_000 }, (_, n) => format(n));

test.each([
  ["counted ids", numbered((n) => `connection-${n}`)],
  ["uuids that differ at the end", numbered((n) => `0f6f5e0c-6d3c-4b51-9a53-${n.toString(16).padStart(12, "0")}`)],
  ["uuids that differ at the start", numbered((n) => `${n.toString(16).padStart(8, "0")}-6d3c-4b51-9a53-5d8c0f3a2b11`)],
])("%s are spread evenly", (_, ids) => {
  expect(chiSquared(ids)).toBeLessThan(160);
});

test("the same id always has the same place, within [0, 1)", () => {
  for (const id of ["", "a", "0f6f5e0c-6d3c-4b51-9a53-5d8c0f3a2b11", "\u{1f511}"]) {
    const fraction = spreadFraction(id);
    expect(fraction).toBe(spreadFraction(id));
    expect(fraction).toBeGreaterThanOrEqual(0);
    expect(fraction).toBeLessThan(1);
  }
});
