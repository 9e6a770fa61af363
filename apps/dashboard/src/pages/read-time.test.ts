import { expect, test } from "vitest";
import { readTime, readZone } from "./read-time.ts";

test.each([
  ["2026-11-26T12:00", "UTC", "2026-11-26T12:00:00.000Z"],
  ["2026-11-26", "UTC", "2026-11-26T00:00:00.000Z"],
  ["2026-11-26T12:00", "Europe/Berlin", "2026-11-26T11:00:00.000Z"],
  ["2026-07-01T12:00", "Europe/Berlin", "2026-07-01T10:00:00.000Z"],
  ["2026-07-01T00:30", "Asia/Kolkata", "2026-06-30T19:00:00.000Z"],
  ["2026-03-29T03:30", "Europe/Berlin", "2026-03-29T01:30:00.000Z"],
  ["2026-11-26T12:00Z", "America/New_York", "2026-11-26T12:00:00.000Z"],
])("%s in %s is %s", (text, zone, iso) => {
  expect(readTime("since", text, readZone(zone)).toISOString()).toBe(iso);
});

test.each(["yesterday", "2026-13-01", "2026-11-26 12:00", "12:00", "2026-11-26T12:00+01:00"])(
  "%s is no time",
  (text) => {
    expect(() => readTime("since", text)).toThrow('"since" has to be a time');
  },
);

test("a zone that is none is named", () => {
  expect(() => readZone("Mars/Olympus")).toThrow("Mars/Olympus");
});
