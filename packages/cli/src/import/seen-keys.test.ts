import { expect, test } from "vitest";
import { SeenKeys } from "./seen-keys.ts";

test("of twenty thousand keys each is known by its first line, and no other is", () => {
  const seen = new SeenKeys();
  for (let n = 1; n <= 20_000; n++) if (seen.add(`user ${n}`, n) !== null) throw new Error(`${n} is new`);
  for (let n = 1; n <= 20_000; n++) if (seen.add(`user ${n}`, n + 1) !== n) throw new Error(`${n} is known`);
  expect(seen.add("user 0", 7)).toBe(null);
});
