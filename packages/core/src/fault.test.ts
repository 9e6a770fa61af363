import { expect, test } from "vitest";
import { hour, now, surroundings } from "./decide.fixtures.ts";
import { deniedForHours, isEpidemic, isMassDenial, worksForOthers } from "./fault.ts";
import { defaultTiming as timing } from "./timing.ts";

test.each([
  ["two", { others: 1 }, false],
  ["three", { others: 2 }, true],
  ["three, as often comes", { others: 2, usual: 0.5 }, false],
  ["as many as often come, and some more", { others: 12, usual: 2 }, true],
  ["three among nine that are granted", { others: 2, granted: 9 }, true],
  ["three among ten that are granted", { others: 2, granted: 10 }, false],
  ["many, among those that are granted beside the newest", { others: 99, granted: 30 }, true],
  ["many, and still more that are granted", { others: 99, granted: 31 }, false],
])("denials that stand out are believed: %s", (_what, around, doubted) => {
  expect(isMassDenial(surroundings(around), timing)).toBe(doubted);
});

test.each([
  ["too few others", { others: 2 }, false],
  ["enough others", { others: 3 }, true],
  ["as many that are granted", { others: 3, granted: 4 }, false],
  ["enough, but the circuit was closed a moment ago", { others: 5, reopened: 1 }, false],
  ["twice as many after it was closed", { others: 6, reopened: 1 }, true],
])("the same fault of many is nobody's own: %s", (_what, around, many) => {
  expect(isEpidemic(surroundings(around), timing)).toBe(many);
});

test.each([
  ["nobody was granted", {}, false],
  ["one was granted, and one is refused", { grantedSinceClosed: 1 }, false],
  ["two were granted, and one is refused", { grantedSinceClosed: 2 }, true],
  ["as many were granted as are refused", { grantedSinceClosed: 4, others: 3 }, false],
  ["a moment after the circuit was closed", { reopened: 1 }, true],
  ["a moment after it was closed, with many", { reopened: 1, others: 6 }, false],
])("whoever is refused while others are granted is refused itself: %s", (_what, around, works) => {
  expect(worksForOthers(surroundings(around), timing)).toBe(works);
});

test("what is denied for hours is believed", () => {
  const since = (ms: number) => surroundings({ since: new Date(now.getTime() - ms) });
  expect(deniedForHours(since(6 * hour), now, timing)).toBe(true);
  expect(deniedForHours(since(6 * hour - 1), now, timing)).toBe(false);
  expect(deniedForHours(surroundings(), now, timing)).toBe(false);
});
