import { expect, test } from "vitest";
import { partOf, shareOf, toArgument } from "./part.ts";

const partsOf = (of: number) => Array.from({ length: of }, (_, index) => ({ index, of }));

test.each([
  [50, 1],
  [50, 4],
  [10, 16],
  [1, 2],
])("%d places are shared among %d processes, none twice, none by nobody", (total, of) => {
  const shares = partsOf(of).map((part) => shareOf(total, part));
  expect(shares.reduce((sum, share) => sum + share, 0)).toBe(total);
  expect(Math.max(...shares) - Math.min(...shares)).toBeLessThanOrEqual(1);
});

test("a process learns which part it is from its arguments; without, it is none", () => {
  for (const part of partsOf(12)) expect(partOf(["node", "main.js", toArgument(part)])).toEqual(part);
  expect(partOf(["node", "main.js", "worker"])).toBeNull();
});
