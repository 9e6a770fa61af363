import { expect, test } from "vitest";
import { at, day, hour, minute, now, policy } from "./decide.fixtures.ts";
import { dueAt, type Lifetime, marginMs } from "./due.ts";
import { defaultTiming } from "./timing.ts";

const unspread = { ...defaultTiming, spreadMs: 0 };
const living = (ms: number | null, more: Partial<Lifetime> = {}): Lifetime => ({
  connectionId: "0f6f5e0c-6d3c-4b51-9a53-5d8c0f3a2b11",
  issuedAt: now,
  expiresAt: ms === null ? null : at(ms),
  refreshTokenExpiresAt: null,
  refreshable: true,
  ...more,
});

test.each([
  ["30 minutes", 30 * minute, 25 * minute],
  ["exactly two margins", 10 * minute, 5 * minute],
  ["less than two margins", 9 * minute, 4.5 * minute],
  ["90 seconds", 90_000, 45_000],
  ["one second", 1000, 500],
  ["no time at all", 0, 0],
  ["an end in the past", -minute, 0],
  ["60 days", 60 * day, 60 * day - 5 * minute],
])("a token that lives %s", (_, life, due) => {
  expect(dueAt(living(life), policy, unspread)).toEqual(at(due));
});

test("a token that never expires is never due", () => {
  expect(dueAt(living(null), policy, unspread)).toBeNull();
  expect(dueAt(living(null, { refreshTokenExpiresAt: at(day) }), policy, unspread)).toBeNull();
});

test("a token that cannot be refreshed is due when it ends", () => {
  expect(dueAt(living(hour, { refreshable: false }), policy, unspread)).toEqual(at(hour));
});

test("the refresh token's end counts when it comes first", () => {
  expect(dueAt(living(2 * hour, { refreshTokenExpiresAt: at(hour) }), policy, unspread)).toEqual(at(55 * minute));
});

test.each([
  ["a day behind", -day],
  ["reached", 0],
  ["a moment away", 59_000],
])("an end of the refresh token that is %s makes nothing due at once", (_, end) => {
  expect(dueAt(living(hour, { refreshTokenExpiresAt: at(end) }), policy, unspread)).toEqual(at(55 * minute));
});

test("an end of the refresh token that does not move is neared in few refreshes", () => {
  const end = at(50 * minute);
  let issuedAt = now;
  let refreshes = 0;
  while (issuedAt < at(2 * hour)) {
    const expiresAt = new Date(issuedAt.getTime() + hour);
    issuedAt = dueAt({ ...living(hour), issuedAt, expiresAt, refreshTokenExpiresAt: end }, policy, unspread) as Date;
    refreshes++;
  }
  expect(refreshes).toBeLessThan(10);
});

test("a refresh token that ends unused is used after half of that time, although the access token lives on", () => {
  const idle = { ...policy, refreshTokenIdleSeconds: 60 * 86_400 };
  expect(dueAt(living(null), idle, unspread)).toEqual(at(30 * day));
  expect(dueAt(living(365 * day), idle, unspread)).toEqual(at(30 * day));
  expect(dueAt(living(365 * day, { refreshTokenExpiresAt: at(40 * day) }), idle, unspread)).toEqual(at(20 * day));
  expect(dueAt(living(hour), idle, unspread)).toEqual(at(55 * minute));
  expect(dueAt(living(null, { refreshable: false }), idle, unspread)).toBeNull();
  expect(dueAt(living(null), idle, defaultTiming)?.getTime()).toBeGreaterThan(at(30 * day - 30_000).getTime());
});

test("a provider's margin goes before the operator's", () => {
  const week = { ...policy, marginSeconds: 7 * 86_400 };
  expect(marginMs(week, unspread)).toBe(7 * day);
  expect(marginMs(policy, { ...unspread, marginMs: minute })).toBe(minute);
  expect(dueAt(living(60 * day), week, unspread)).toEqual(at(53 * day));
});

test("a token must have its minimum age, but never beyond its end", () => {
  const aged = { ...policy, minimumAgeSeconds: 86_400, marginSeconds: 7 * 86_400 };
  expect(dueAt(living(60 * day), aged, unspread)).toEqual(at(53 * day));
  expect(dueAt(living(day + minute), aged, unspread)).toEqual(at(day));
  expect(dueAt(living(hour), aged, unspread)).toEqual(at(hour));
});

test("the spread is earlier only, small, and the same whenever it is computed", () => {
  const times = Array.from({ length: 2000 }, (_, i) => {
    const token = living(30 * minute, { connectionId: `connection-${i}` });
    const due = dueAt(token, policy, defaultTiming) as Date;
    expect(dueAt(token, policy, defaultTiming)).toEqual(due);
    return due.getTime() - now.getTime();
  });
  expect(Math.max(...times)).toBeLessThanOrEqual(25 * minute);
  expect(Math.min(...times)).toBeGreaterThanOrEqual(25 * minute - 9000);
  // 2,000 connections that expire in one second share no second with more than a fraction of them.
  const perSecond = Map.groupBy(times, (ms) => Math.floor(ms / 1000));
  expect(perSecond.size).toBeGreaterThanOrEqual(9);
  for (const sharing of perSecond.values()) expect(sharing.length).toBeLessThan(400);
});

test("a spread of a long-lived token is capped by the setting", () => {
  const due = dueAt(living(60 * day), policy, defaultTiming) as Date;
  expect(due.getTime()).toBeGreaterThan(at(60 * day - 5 * minute - 30_000).getTime());
});
