import { expect, test } from "vitest";
import { SeenKeys } from "./seen-keys.ts";

test("of twenty thousand keys each is known by its first line, and no other is", () => {
  const seen = new SeenKeys();
  for (let n = 1; n <= 20_000; n++) if (seen.add(`user ${n}`, { line: n }) !== null) throw new Error(`${n} is new`);
  for (let n = 1; n <= 20_000; n++)
    if (seen.add(`user ${n}`, { line: n + 1 })?.line !== n) throw new Error(`${n} is known`);
  expect(seen.add("user 0", { line: 7, item: 3 })).toBe(null);
  expect(seen.add("user 0", { line: 8 })).toEqual({ line: 7, item: 3 });
});
