import { expect, test } from "vitest";
import { at, connection, context, day, granted, hour, minute, now, policy } from "./decide.fixtures.ts";
import { decide } from "./decide.ts";
import { type EndingGrant, grantEnd, reauthDue } from "./reauth-due.ts";

const idle = { ...policy, refreshTokenIdleSeconds: 90 * 86_400 };
const fixed = { ...policy, refreshTokenFixedSeconds: 365 * 86_400 };
const both = { ...idle, ...fixed, refreshTokenIdleSeconds: 90 * 86_400 };
const nothing = { stated: null, known: null, consentedAt: now };

test("an end that is counted from consent is the grant's, whatever refreshes do", () => {
  expect(grantEnd(nothing, fixed)).toEqual(at(365 * day));
  expect(grantEnd({ ...nothing, known: at(80 * day) }, fixed)).toEqual(at(80 * day));
  expect(grantEnd({ ...nothing, known: at(80 * day), stated: at(79 * day) }, fixed)).toEqual(at(79 * day));
});

test("an idle end is none, since each refresh moves it; but it may stand beside a fixed one", () => {
  expect(grantEnd({ ...nothing, known: at(90 * day), stated: at(90 * day) }, idle)).toBeNull();
  expect(grantEnd({ ...nothing, known: at(90 * day), stated: at(90 * day) }, both)).toEqual(at(365 * day));
});

test("an end of a provider that we know nothing of counts when a refresh has left it where it was", () => {
  expect(grantEnd({ ...nothing, stated: at(90 * day) }, policy)).toBeNull();
  expect(grantEnd({ ...nothing, known: at(90 * day), stated: at(90 * day + hour) }, policy)).toBeNull();
  expect(grantEnd({ ...nothing, known: at(90 * day), stated: at(90 * day + 2000) }, policy)).toEqual(
    at(90 * day + 2000),
  );
  expect(grantEnd({ ...nothing, known: at(90 * day) }, policy)).toEqual(at(90 * day));
});

test("a refresh keeps the grant's end up to date", () => {
  const known = connection({ refreshTokenExpiresAt: at(20 * day), connectedAt: at(-345 * day) });
  const end = (stated: number | null, rules = policy) => {
    const outcome = granted({ refreshTokenExpiresIn: stated });
    const transition = decide(known, outcome, context({ askedAt: now, policy: rules }));
    return transition.kind === "store" ? transition.grantEndsAt : "a setback";
  };
  expect(end(20 * 86_400)).toEqual(at(20 * day));
  expect(end(30 * 86_400)).toBeNull();
  expect(end(null)).toEqual(at(20 * day));
  expect(end(null, both)).toEqual(at(20 * day));
});

const grant = (more: Partial<EndingGrant> = {}): EndingGrant => ({
  grantEndsAt: at(365 * day),
  consentedAt: now,
  announcedAt: null,
  ...more,
});

test("announced 14, 7 and 1 days before, once each", () => {
  const told: [number, number][] = [];
  let announcedAt: Date | null = null;
  for (let minutes = 340 * 24 * 60; minutes <= 366 * 24 * 60; minutes += 5) {
    const moment = at(minutes * minute);
    const days = reauthDue(grant({ announcedAt }), moment);
    if (days === null) continue;
    told.push([minutes / 60 / 24, days]);
    announcedAt = moment;
  }
  expect(told).toEqual([
    [351, 14],
    [358, 7],
    [364, 1],
  ]);
});

test("what was missed is not made up for, an end that has come is past announcing", () => {
  expect(reauthDue(grant({ announcedAt: at(352 * day) }), at(364.5 * day))).toBe(1);
  expect(reauthDue(grant(), at(359 * day))).toBe(7);
  expect(reauthDue(grant(), at(365 * day))).toBeNull();
});

test("an end that moved is announced anew; a consent that is younger than the announcement is not", () => {
  expect(reauthDue(grant({ announcedAt: at(100 * day) }), at(352 * day))).toBe(14);
  const short = grant({ grantEndsAt: at(10 * day) });
  expect(reauthDue(short, at(hour))).toBeNull();
  expect(reauthDue(short, at(3 * day))).toBe(7);
});
