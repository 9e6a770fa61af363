import type { ComingRefreshes } from "@evertoken/adapters";
import { expect, test } from "vitest";
import { countByMinute, foresee } from "./time-lapse.ts";

const from = new Date("2026-11-27T12:00:00Z");
const at = (minutes: number) => new Date(from.getTime() + minutes * 60_000);
const policy = {
  marginSeconds: 300,
  minimumAgeSeconds: 0,
  refreshTokenIdleSeconds: null,
  lifetimeSeconds: 3600,
} as never;
const timing = { marginMs: 300_000, spreadMs: 30_000, leastApartMs: 30_000 } as never;
const span = { from, until: at(120) };

const group = (more: Partial<ComingRefreshes> = {}): ComingRefreshes => ({
  ...{ provider: "acme", dueAt: at(5), expiresAt: at(10), lifetimeSeconds: 1800, connections: 100 },
  ...more,
});

const due = (minutes: Uint32Array) => [...minutes].flatMap((count, minute) => (count === 0 ? [] : [[minute, count]]));

test("tokens of half an hour are refreshed every 25 minutes, at their margin", () => {
  expect(due(countByMinute([group()], span, policy, timing))).toEqual(
    [5, 30, 55, 80, 105].map((minute) => [minute, 100]),
  );
});

test("a larger margin moves every refresh, and makes more of them", () => {
  const wider = { ...(policy as object), marginSeconds: 600 } as never;
  expect(due(countByMinute([group()], span, wider, timing)).map(([minute]) => minute)).toEqual([
    0, 20, 40, 60, 80, 100,
  ]);
});

test("what is overdue counts at once; a token that never ends counts once; odd times end", () => {
  expect(due(countByMinute([group({ dueAt: at(-90), expiresAt: at(-60) })], span, policy, timing))[0]).toEqual([
    0, 100,
  ]);
  const endless = group({ expiresAt: null, lifetimeSeconds: null });
  expect(due(countByMinute([endless], span, policy, timing))).toEqual([[5, 100]]);
  const odd = countByMinute(
    [group({ lifetimeSeconds: -10, connections: 1 })],
    span,
    { ...(policy as object), lifetimeSeconds: 1 } as never,
    timing,
  );
  expect(foresee(odd, span, { limitPerMinute: null, capacityPerMinute: 10 }).refreshes).toBeLessThan(1000);
});

test("a peak beyond the lower of both limits waits", () => {
  const minutes = countByMinute([group({ connections: 300 })], { from, until: at(20) }, policy, timing);
  expect(foresee(minutes, span, { limitPerMinute: 100, capacityPerMinute: 1000 })).toEqual({
    ...{ refreshes: 300, peak: { perMinute: 300, at: at(5) }, mostBehindMinutes: 2 },
  });
  expect(foresee(minutes, span, { limitPerMinute: null, capacityPerMinute: 300 }).mostBehindMinutes).toBe(0);
});
