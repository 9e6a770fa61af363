import { DatabaseError } from "pg";
import { expect, test } from "vitest";
import { createBatcher } from "./batcher.ts";

const refusal = (code: string) => Object.assign(new DatabaseError("refused", 0, "error"), { code });

/** Three that share a statement, of which "bad" is refused. */
async function together(error: Error) {
  const asked: string[][] = [];
  const ask = createBatcher<string, string>(
    async (items) => {
      asked.push([...items]);
      if (items.includes("bad")) throw error;
      return items.map((item) => `${item} done`);
    },
    { maxSize: 100, maxRunning: 2 },
  );
  const results = await Promise.allSettled(["a", "bad", "b"].map(ask));
  return { asked, results: results.map((result) => (result.status === "fulfilled" ? result.value : result.reason)) };
}

test("what the server refuses fails alone", async () => {
  const error = refusal("22003");
  const { asked, results } = await together(error);
  expect(results).toEqual(["a done", error, "b done"]);
  expect(asked).toEqual([["a", "bad", "b"], ["a"], ["bad"], ["b"]]);
});

test.each([
  ["gives it up by its own clock", refusal("57014")],
  ["is away", new Error("connect ECONNREFUSED")],
])("nobody waits once more for a server that %s: what was granted meanwhile has to be kept", async (_how, error) => {
  const { asked, results } = await together(error);
  expect(results).toEqual([error, error, error]);
  expect(asked).toEqual([["a", "bad", "b"]]);
});
