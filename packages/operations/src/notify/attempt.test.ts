import { expect, test } from "vitest";
import { judgeAnswer, retryDelayMs } from "./attempt.ts";

const now = new Date("2026-11-21T00:00:00Z");
const answer = (status: number, headers: Record<string, string> = {}) =>
  judgeAnswer({ kind: "response", status, headers, body: new Uint8Array() }, now);
const calm = { waitMs: null, failingMs: 0, random: 0 };
const limits = { retryMs: 5000, retryCapMs: 86_400_000 };

test("any 2xx is delivered, a redirect is not followed", () => {
  expect(answer(204)).toEqual({ kind: "delivered", httpStatus: 204 });
  expect(answer(302)).toMatchObject({ kind: "failed", error: "HTTP 302", forAll: false });
});

test.each([
  ["120", 120_000],
  ["Sat, 21 Nov 2026 00:01:00 GMT", 60_000],
  ["Fri, 20 Nov 2026 00:00:00 GMT", 0],
  ["999999999", 86_400_000],
  ["soon", null],
  ["-5", 0],
])("Retry-After: %s", (value, waitMs) => {
  const judged = answer(429, { "retry-after": value });
  expect(judged).toMatchObject({ kind: "failed", forAll: true, waitMs });
});

test("silence concerns all deliveries of a receiver, a 500 only this one, a 410 ends it", () => {
  expect(judgeAnswer({ kind: "failure", sent: true, code: "ETIMEDOUT", status: null }, now)).toMatchObject({
    error: "ETIMEDOUT",
    forAll: true,
  });
  expect(answer(500)).toMatchObject({ forAll: false, gone: false });
  expect(answer(410)).toMatchObject({ gone: true });
});

test("retries are spaced exponentially to a day, and ten of them reach over two days", () => {
  const delays = [1, 2, 3, 4, 5, 6, 7, 8, 9].map((attempts) => retryDelayMs(attempts, limits, calm));
  expect(delays.slice(0, 4)).toEqual([5000, 20_000, 80_000, 320_000]);
  expect(delays.at(-1)).toBe(86_400_000);
  expect(delays.reduce((sum, each) => sum + each, 0)).toBeGreaterThan(2 * 86_400_000);
});

test("jitter adds, the receiver's wish counts, and one that has been dead for long is asked rarely", () => {
  expect(retryDelayMs(1, limits, { ...calm, random: 0.999 })).toBeLessThanOrEqual(6000);
  expect(retryDelayMs(1, limits, { ...calm, waitMs: 90_000 })).toBe(90_000);
  expect(retryDelayMs(1, limits, { ...calm, failingMs: 600_000 })).toBe(600_000);
  expect(retryDelayMs(1, limits, { ...calm, failingMs: 99_000_000 })).toBe(3_600_000);
  expect(retryDelayMs(9, limits, { ...calm, random: 0.5 })).toBe(86_400_000);
});
