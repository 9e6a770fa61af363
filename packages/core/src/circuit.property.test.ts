import fc from "fast-check";
import { expect, test } from "vitest";
import { CircuitWorld, circuitProbeMs, type Nature, start as startMs } from "./circuit.fixtures.ts";
import { setbacks } from "./decide.fixtures.ts";
import type { Outcome } from "./outcome.ts";

const odd = fc.constantFrom<Nature>("misconfigured", "unknown", "denied");
const many = fc.record({ count: fc.nat(30), kind: odd }).map(({ count, kind }) => Array<Nature>(count).fill(kind));
const shared = {
  /** Over which all come due. */
  spanMs: fc.constantFrom(0, 1000, 60_000, 1_200_000),
  concurrency: fc.constantFrom(1, 3, 50),
  seed: fc.integer({ min: 1, max: 2 ** 30 }),
};

interface Schedule {
  readonly spanMs: number;
  readonly concurrency: number;
  readonly seed: number;
}

function world(
  natures: readonly Nature[],
  { spanMs, concurrency, seed }: Schedule,
  trouble?: (ms: number) => Outcome | null,
) {
  const random = numbers(seed);
  const shuffled = natures.map((nature) => [random(), nature] as const).sort(([a], [b]) => a - b);
  const dueAt = natures.map(() => random() * spanMs);
  const options = { natures: shuffled.map(([, nature]) => nature), dueAt, concurrency, random };
  return new CircuitWorld(trouble === undefined ? options : { ...options, trouble });
}

test("with any share of odd accounts every healthy one is refreshed within a bounded number of probe intervals, and never marked", async () => {
  const schedules = fc.record({
    ...shared,
    odds: fc.oneof(fc.array(odd, { maxLength: 12 }), many),
    healthy: fc.integer({ min: 1, max: 30 }),
  });
  await fc.assert(
    fc.asyncProperty(schedules, async ({ odds, healthy, ...schedule }) => {
      const model = world([...odds, ...Array<Nature>(healthy).fill("healthy")], schedule);
      const well = model.members.filter(({ nature }) => nature === "healthy");
      const tookMs = await model.run(200 * circuitProbeMs, () => well.every(({ row }) => row.generation > 1));
      const intervals = (tookMs - schedule.spanMs) / circuitProbeMs;
      // At worst each odd one is asked before the first healthy one, each in its own interval and up to half of one late.
      expect(intervals).toBeLessThan(5 + 1.5 * odds.length);
      if (healthy >= odds.length) expect(intervals).toBeLessThan(15);
      expect(model.told.length).toBeLessThanOrEqual(2 * (3 + Math.ceil(Math.log2(odds.length + 1))));
      expect(model.told.map(({ event }) => event)).toEqual(
        model.told.map((_, i) => (i % 2 === 0 ? "opened" : "closed")),
      );
    }),
    { numRuns: 1000, seed: 1 },
  );
}, 60_000);

test("what goes wrong with all at once marks nobody in the end", async () => {
  const schedules = fc.record({
    ...shared,
    spanMs: fc.constantFrom(0, 1000, 4000),
    kind: odd,
    healthy: fc.integer({ min: 3, max: 40 }),
    onMs: fc.integer({ min: 5000, max: 3_600_000 }),
    offMs: fc.integer({ min: 5000, max: 600_000 }),
    times: fc.integer({ min: 1, max: 4 }),
  });
  await fc.assert(
    fc.asyncProperty(schedules, async ({ kind, healthy, onMs, offMs, times, ...schedule }) => {
      const over = times * (onMs + offMs);
      const trouble = (ms: number) =>
        ms < over && ms % (onMs + offMs) < onMs ? setbacks[kind as Exclude<Nature, "healthy">] : null;
      const model = world(Array<Nature>(healthy).fill("healthy"), schedule, trouble);
      await model.run(over);
      await model.run(30 * 3_600_000, () => model.members.every(({ refreshedAt }) => refreshedAt - startMs > over));
      expect(model.members.filter(({ row }) => row.status === "needs_reauth")).toEqual([]);
      expect(model.members.some(({ row }) => row.status === "error")).toBe(false);
      expect(model.circuit?.open ?? false).toBe(false);
    }),
    { numRuns: 600, seed: 1 },
  );
}, 60_000);

test("through deaths of any share and outages, over and over: the dead are told after few requests, the living go on", async () => {
  const schedules = fc.record({
    ...shared,
    healthy: fc.integer({ min: 3, max: 30 }),
    dead: fc.nat(40),
    onMs: fc.integer({ min: 5000, max: 600_000 }),
    offMs: fc.integer({ min: 60_000, max: 3_600_000 }),
    times: fc.nat(4),
    share: fc.constantFrom(0.5, 1),
    pestered: fc.boolean(),
  });
  await fc.assert(
    fc.asyncProperty(schedules, async ({ healthy, dead, onMs, offMs, times, share, pestered, ...schedule }) => {
      const random = numbers(schedule.seed);
      const over = times * (onMs + offMs);
      const trouble = (ms: number) =>
        ms < over && ms % (onMs + offMs) < onMs && random() < share ? setbacks.denied : null;
      const natures = [...Array<Nature>(healthy).fill("healthy"), ...Array<Nature>(dead).fill("denied")];
      const model = world(natures, schedule, trouble);
      const living = model.members.filter(({ nature }) => nature === "healthy");
      const over2 = () => living.every(({ refreshedAt }) => refreshedAt - startMs > over);
      const told = () =>
        model.members.every(({ row, nature }) => nature === "healthy" || row.status === "needs_reauth");
      for (let hours = 0; hours < 24 && !(over2() && told() && hours > 20); hours += 0.25) {
        if (pestered && hours < 10) model.pester();
        await model.run(900_000);
      }
      expect(told()).toBe(true);
      // One or two that an outage denies while the others wait stand out: nothing tells them from grants that are dead.
      const lost = living.filter(({ row }) => row.status !== "connected");
      expect(lost.filter(({ fault }) => fault?.firstAt !== null)).toEqual([]);
      expect(lost.length).toBeLessThanOrEqual(2 * times);
      for (const { asked, nature } of model.members) if (nature === "denied") expect(asked).toBeLessThanOrEqual(8);
    }),
    { numRuns: 300, seed: 1 },
  );
}, 60_000);

test("grants that are dead all are believed after hours, and cost a request each few minutes meanwhile", async () => {
  const model = world(Array<Nature>(30).fill("denied"), { spanMs: 1000, concurrency: 5, seed: 7 });
  await model.run(5.9 * 3_600_000);
  expect(model.members.every(({ row }) => row.status !== "needs_reauth")).toBe(true);
  expect(model.asked).toBeLessThan(110);
  await model.run(3_600_000);
  expect(model.members.every(({ row }) => row.status === "needs_reauth")).toBe(true);
  expect(model.told.map(({ event }) => event)).toEqual(["opened", "closed"]);
});

test("one dead grant after another is believed at once", async () => {
  const natures = [...Array<Nature>(4).fill("denied"), ...Array<Nature>(40).fill("healthy")];
  const model = world(natures, { spanMs: 12 * 3_600_000, concurrency: 5, seed: 7 });
  await model.run(13 * 3_600_000);
  expect(model.members.filter(({ row }) => row.status === "needs_reauth")).toHaveLength(4);
  expect(model.told).toEqual([]);
});

/** mulberry32 */
function numbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
