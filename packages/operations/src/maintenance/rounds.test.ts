import { firstId } from "@evertoken/core";
import { expect, test } from "vitest";
import { isSmall, partOf, type Round, roundAfter } from "./rounds.ts";

const id = "0f0f0f0f-0000-4000-8000-000000000000";

test("a round of a million is walked in ten parts, and then begins again with what it has counted", () => {
  let round: Round = { after: firstId, walked: 0, total: 1_000_000 };
  expect([partOf(round), isSmall(round)]).toEqual([100_000, false]);
  for (let part = 0; part < 10; part++) round = roundAfter(round, 100_000, id);
  expect(round).toEqual({ after: id, walked: 1_000_000, total: 1_000_000 });
  expect(roundAfter(round, 7, null)).toEqual({ after: firstId, walked: 0, total: 1_000_007 });
});

test("a small one is seen by one run, also when it has just begun", () => {
  const round = { after: firstId, walked: 0, total: 49_999 };
  expect(isSmall(round)).toBe(true);
  expect(isSmall({ ...round, after: id })).toBe(false);
  expect(isSmall({ ...round, total: 50_000 })).toBe(false);
});

test("one that grows while it is walked has larger parts", () => {
  const round = roundAfter({ after: id, walked: 900_000, total: 500_000 }, 100_000, id);
  expect(partOf(round)).toBe(100_000);
});
