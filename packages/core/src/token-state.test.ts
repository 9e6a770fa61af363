import { expect, test } from "vitest";
import { at, minute, now } from "./decide.fixtures.ts";
import { tokenState } from "./token-state.ts";

test.each([
  [null, "no_expiry_set"],
  [-1, "expired"],
  [0, "expired"],
  [1, "expiring_soon"],
  [5 * minute, "expiring_soon"],
  [5 * minute + 1, "valid"],
])("with %s ms left a token is %s", (left, state) => {
  expect(tokenState(left === null ? null : at(left), 5 * minute, now)).toBe(state);
});
