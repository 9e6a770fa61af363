import { expect, test } from "vitest";
import { isTooOld, oldestServer } from "./version.ts";

test.each([
  [oldestServer, false],
  ["0.10.0", false],
  ["1.0.0-rc.1", false],
  ["0.0.99", true],
  ["nonsense", true],
  [null, true],
])("a server of version %s: too old is %s", (version, expected) => {
  expect(isTooOld(version)).toBe(expected);
});
