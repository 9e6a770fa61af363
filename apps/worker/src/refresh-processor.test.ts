import type { RefreshResult, Refusal } from "@evertoken/core";
import { expect, test } from "vitest";
import { wayOn } from "./refresh-processor.ts";

const now = Date.parse("2026-11-21T12:00:00Z");
const at = (ms: number) => new Date(now + ms);

const refused = (
  why: Refusal,
  until: Date | null,
  generation = 7,
  nextRefreshAt: Date | null = null,
): RefreshResult => ({
  kind: "refused",
  ...{ why, until, generation, nextRefreshAt, circuit: null },
});

test.each(["busy", "not_due", "throttled", "circuit_open", "cooling_down"] as const)(
  "%s: the job waits, uncounted, until it is worth asking again",
  (why) => {
    expect(wayOn(refused(why, at(5000)), 7, now)).toEqual({ kind: "delay", until: at(5000) });
  },
);

test("not due, and never: the connection needs no job any more", () => {
  expect(wayOn(refused("not_due", null), 7, now)).toMatchObject({ kind: "done", result: { outcome: "not_due" } });
});

test.each(["not_found", "not_refreshable", "disconnected", "needs_reauth"] as const)("%s: the job is done", (why) => {
  expect(wayOn(refused(why, null), 7, now)).toEqual({ kind: "done", result: { outcome: why, generation: 7 } });
});

test("a limit of the whole provider pauses the queue, if only for a moment", () => {
  expect(wayOn(refused("provider_throttled", at(5000)), 7, now)).toEqual({ kind: "limit", ms: 5000 });
  expect(wayOn(refused("provider_throttled", at(-5000)), 7, now)).toEqual({ kind: "limit", ms: 1 });
});

test("a job of another generation only makes sure that the current one exists", () => {
  const moved = wayOn(refused("moved", null, 9, at(60_000)), 7, now);
  expect(moved).toEqual({ kind: "moved", generation: 9, dueAt: at(60_000) });
});

type Settled = Extract<RefreshResult, { kind: "settled" }>;
type Setback = Extract<Settled["record"]["transition"], { kind: "setback" }>;

function settled(
  transition: Partial<Setback> | { kind: "store" },
  committed: Settled["committed"] = "committed",
): RefreshResult {
  const setback = {
    kind: "setback",
    job: "retry",
    message: "HTTP 503",
    errorCode: "provider_unavailable",
    resumeAt: at(1200),
    provider: null,
  };
  const full = "kind" in transition && transition.kind === "store" ? transition : { ...setback, ...transition };
  const record = { transition: full, log: { outcome: "some outcome" } } as unknown as Settled["record"];
  return { kind: "settled", committed, record, error: null, granted: null };
}

test("a stored token set completes the job", () => {
  const way = wayOn(settled({ kind: "store" }), 7, now);
  expect(way).toEqual({ kind: "done", result: { outcome: "some outcome", generation: 8 } });
});

test.each(["superseded", "deferred"] as const)("what was %s is looked at again soon", (committed) => {
  expect(wayOn(settled({ kind: "store" }, committed), 7, now)).toEqual({ kind: "delay", until: at(1000) });
  expect(wayOn(settled({}, committed), 7, now)).toEqual({ kind: "delay", until: at(1000) });
});

test("a counted failure goes to BullMQ's backoff with the delay that was decided", () => {
  expect(wayOn(settled({}), 7, now)).toEqual({ kind: "retry", message: "some outcome: HTTP 503", delayMs: 1200 });
  expect(wayOn(settled({ resumeAt: at(-5) }), 7, now)).toMatchObject({ kind: "retry", delayMs: 0 });
});

test("a wait is not counted; that of a whole provider pauses its queue", () => {
  expect(wayOn(settled({ job: "postpone" }), 7, now)).toEqual({ kind: "delay", until: at(1200) });
  const provider = { kind: "throttle", until: at(1200) } as const;
  expect(wayOn(settled({ job: "postpone", provider }), 7, now)).toEqual({ kind: "limit", ms: 1200 });
});

test("where only the user can help, the job fails for good", () => {
  const way = wayOn(settled({ job: "stop", resumeAt: null, message: null, errorCode: "no_refresh_token" }), 7, now);
  expect(way).toEqual({ kind: "fail", message: "some outcome: no_refresh_token" });
});
