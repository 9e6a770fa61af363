import { expect, test } from "vitest";
import type { GrantRecord } from "./commit-record.ts";
import { newestOfEach } from "./newest-of-each.ts";

const record = (connectionId: string, generation: number, leaseOwner = "w") =>
  ({ connectionId, generation, leaseOwner }) as GrantRecord;

test("the latest generation of each connection stays, on whichever page it stands", () => {
  const [a2, b7] = [record("a", 2), record("b", 7)];
  const first = newestOfEach([record("a", 1), b7]);
  expect([...newestOfEach([a2, record("b", 3)], first).values()]).toEqual([a2, b7]);
});

test("of two records of one generation the first stays: what stands in the spool goes before its copy", () => {
  const newest = newestOfEach([record("a", 1, "spool"), record("a", 1, "copy")]);
  expect([...newest.values()]).toEqual([record("a", 1, "spool")]);
});
