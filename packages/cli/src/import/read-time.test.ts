import { expect, test } from "vitest";
import { readTime } from "./read-time.ts";

const noon = new Date("2026-11-26T12:00:00Z");

test.each([
  1_795_694_400,
  1_795_694_400_000,
  "1795694400",
  "1795694400000",
  "1795694400.0",
  "2026-11-26T12:00:00Z",
  "2026-11-26T13:00:00+01:00",
  "2026-11-26 12:00:00",
  "2026-11-26 12:00:00+00",
  "2026-11-26 17:30:00+0530",
  "2026-11-26 12:00",
  "2026-11-26 12:00:00 UTC",
  " 2026-11-26T12:00:00.000000 ",
  "2026-11-26T12:00:00.000000000Z",
])("%j is noon", (given) => {
  expect(readTime(given)).toEqual({ time: noon });
});

test("a day alone is its beginning: an end may be taken for earlier than it is, never for later", () => {
  expect(readTime("2026-11-26")).toEqual({ time: new Date("2026-11-26T00:00:00Z") });
});

test.each([null, undefined, "", 0, "0", "0001-01-01T00:00:00Z", "0000-00-00 00:00:00"])("%j states none", (given) => {
  expect(readTime(given)).toEqual({ time: null });
});

test.each([
  [3600, "2005"],
  [1_795_694, "2005"],
  ["1970-01-21T18:48:14Z", "2005"],
  [1_795_694_400_000_000, "2200"],
  ["58873-01-01", "no point in time"],
  ["9999-12-31 23:59:59", "2200"],
  ["26/11/2026 12:00", "no point in time"],
  ["2026-13-45 12:00:00", "calendar"],
  ["tomorrow", "no point in time"],
  [true, "no point in time"],
  [-1_795_694_400, "no point in time"],
])("%j is refused", (given, words) => {
  expect(readTime(given)).toEqual({ fault: expect.stringContaining(words) });
});
