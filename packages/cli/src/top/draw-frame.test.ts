import { expect, test } from "vitest";
import { drawFrame } from "./draw-frame.ts";
import type { Frame, ProviderLine } from "./read-frame.ts";

const line = (provider: string, more: Partial<ProviderLine> = {}): ProviderLine => ({
  ...{ provider, connected: 1, tokenExpired: 0, needsReauth: 0, error: 0, refreshed: 0, failed: 0, late: 0, state: "" },
  ...more,
});

const frame = (more: Partial<Frame> = {}): Frame => ({
  ...{ at: new Date("2026-11-27T12:00:00Z"), held: null, connections: 4, processes: [], paused: [], providers: [] },
  ...more,
});

test("who needs somebody stands first, and what has no room is counted", () => {
  const providers = [
    line("asana"),
    line("box", { needsReauth: 1 }),
    line("slack", { late: 3 }),
    line("zoom", { state: "stopped: client_refused" }),
  ];
  const lines = drawFrame(frame({ providers }), 8);
  expect(lines.slice(4).map((each) => each.split(" ")[0])).toEqual(["zoom", "slack", "box", "and"]);
  expect(lines.at(-1)).toBe("and 1 more providers");
  expect(drawFrame(frame({ providers }), 40)).toHaveLength(8);
});

test("nothing that runs, a held installation and a paused queue are shouted", () => {
  const lines = drawFrame(frame({ held: "a copy", paused: ["refresh-box"] }), 20);
  expect(lines.slice(1, 4)).toEqual([
    "NO PROCESS IS RUNNING",
    "HELD, nothing is spent: a copy; run `evertoken adopt`",
    "PAUSED: refresh-box",
  ]);
  expect(lines.at(-1)).toBe("no connections");
  expect(drawFrame(frame({ paused: null }), 20)[2]).toContain("REDIS DOES NOT ANSWER");
});
