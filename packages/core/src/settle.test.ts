import { expect, test } from "vitest";
import type { GrantRecord } from "./commit-record.ts";
import type { Committed, RefreshDeps } from "./ports.ts";
import { settle, settleKept } from "./settle.ts";

const record = { connectionId: "c", generation: 7, transition: { kind: "store" } } as GrantRecord;
async function fail(): Promise<never> {
  throw new Error("away");
}

interface World {
  readonly commit: () => Promise<Exclude<Committed, "deferred">>;
  readonly keep?: () => Promise<void>;
  /** The time for a slow commit passes before it is answered. */
  readonly slow?: boolean;
}

/** Store and spool as they are; `done` tells what was asked of them, in order. */
function worldOf({ commit, keep = async () => {}, slow = false }: World) {
  const done: string[] = [];
  const doing =
    <T>(name: string, action: () => T) =>
    () => {
      done.push(name);
      return action();
    };
  const nothing = async () => {};
  const deps = {
    store: { commit: doing("commit", commit) },
    spool: {
      ...{ note: doing("note", () => {}), strike: doing("strike", () => {}) },
      ...{ keep: doing("keep", keep), drop: doing("drop", nothing) },
    },
    announce: doing("announce", nothing),
    observe: () => {},
    wait: (_ms: number, signal?: AbortSignal) =>
      slow || signal === undefined
        ? Promise.resolve()
        : new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve())),
  };
  return { done, deps: deps as unknown as RefreshDeps };
}

test("a line of a committed set stays in the journal until its copy is made: whoever announces it strikes it", async () => {
  const { done, deps } = worldOf({ commit: async () => "committed" });
  expect(await settle(record, null, deps)).toMatchObject({ committed: "committed" });
  expect(done).toEqual(["note", "commit", "announce"]);
});

test("the line of a set that is not wanted is struck, and nobody is told", async () => {
  const { done, deps } = worldOf({ commit: async () => "superseded" });
  expect(await settle(record, null, deps)).toMatchObject({ committed: "superseded" });
  expect(done).toEqual(["note", "commit", "strike"]);
});

test("a set whose commit is slow is kept meanwhile, and dropped once it is stored", async () => {
  let answer: (committed: "committed") => void = () => {};
  const commit = () => new Promise<"committed">((resolve) => (answer = resolve));
  const { done, deps } = worldOf({ commit, keep: async () => answer("committed"), slow: true });
  expect(await settle(record, null, deps)).toMatchObject({ committed: "committed" });
  expect(done).toEqual(["note", "commit", "keep", "drop", "announce"]);
});

test("a set that neither store nor spool takes is offered to both until one of them does", async () => {
  let tries = 0;
  const { done, deps } = worldOf({ commit: fail, keep: () => (++tries < 3 ? fail() : Promise.resolve()) });
  expect(await settle(record, null, deps)).toMatchObject({ committed: "deferred" });
  expect(done).toEqual(["note", "commit", "keep", "commit", "keep", "commit", "keep", "strike"]);
});

test.each([
  ["stored", "committed", true],
  ["not wanted", "superseded", true],
  ["not taken yet", null, false],
] as const)("what was kept and is %s", async (_what, committed, dropped) => {
  const { done, deps } = worldOf({ commit: committed === null ? fail : async () => committed });
  await settleKept(record, deps);
  expect(done.includes("drop")).toBe(dropped);
});
