import { scryptSync } from "node:crypto";
import { isPasswordHash, readPasswordHash } from "@evertoken/operations";
import { expect, test } from "vitest";
import { runInProcess } from "./evertoken-command.ts";

test("a password from standard input becomes a hash that the dashboard reads, without settings, and none is refused", async () => {
  const made = await runInProcess(["hash-password"], { env: {}, input: "lantern orchid gravel\n" });
  const hash = made.stdout.trim();
  expect([made.code, made.stderr, isPasswordHash(hash)]).toEqual([0, "", true]);
  const { salt, key } = readPasswordHash(hash);
  // What OWASP's cheat sheet on password storage asks of scrypt: derived once more, by somebody else.
  const cost = { N: 2 ** 15, r: 8, p: 3, maxmem: 2 ** 26 };
  expect([salt.length, scryptSync("lantern orchid gravel", salt, 32, cost).equals(key)]).toEqual([16, true]);
  expect((await runInProcess(["hash-password"], { env: {}, input: "\n" })).code).toBe(2);
});
