import { expect, test } from "vitest";
import { at, minute, now } from "./decide.fixtures.ts";
import { shownStatus, tokenState } from "./token-state.ts";

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

test.each([
  ["connected", -1, "token_expired"],
  ["connected", 0, "token_expired"],
  ["connected", 1, "connected"],
  ["connected", null, "connected"],
  ["needs_reauth", -1, "needs_reauth"],
  ["error", -1, "error"],
  ["disconnected", -1, "disconnected"],
] as const)("%s, with a token that ends in %s ms, is shown as %s", (status, ms, shown) => {
  const now = new Date("2026-11-21T12:00:00Z");
  expect(shownStatus(status, ms === null ? null : new Date(now.getTime() + ms), now)).toBe(shown);
});
