import { expect, test } from "vitest";
import { jobId, parseJobId } from "./job.ts";

const id = "0f6f5e0c-6d3c-4b51-9a53-5d8c0f3a2b11";

test("an id is read as it was written", () => {
  for (const generation of [1, 12, 2_147_483_647]) {
    expect(parseJobId(jobId(id, generation))).toEqual({ connectionId: id, generation });
  }
});

// What Postgres would not take as a uuid or an integer must not get as far as a query.
test.each([
  "",
  "repeat:reconcile:1",
  id,
  `${id}-`,
  `${id}-x`,
  `${id}-1-1`,
  ` ${id}-1`,
  `${"-".repeat(36)}-1`,
  `${"0".repeat(36)}-1`,
  `${id}-2147483648`,
  `${id}-9999999999`,
])("%j is not one of ours", (text) => {
  expect(parseJobId(text)).toBeNull();
});
