import { isPasswordHash, readPasswordHash } from "@evertoken/operations";
import { expect, test } from "vitest";
import { runInProcess } from "./evertoken-command.ts";

test("a password from standard input becomes a hash that the dashboard reads, without settings, and none is refused", async () => {
  const made = await runInProcess(["hash-password"], { env: {}, input: "lantern orchid gravel\n" });
  const hash = made.stdout.trim();
  expect([made.code, made.stderr, isPasswordHash(hash)]).toEqual([0, "", true]);
  expect(readPasswordHash(hash).key).toHaveLength(32);
  expect((await runInProcess(["hash-password"], { env: {}, input: "\n" })).code).toBe(2);
});
