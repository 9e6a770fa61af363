import { spawnSync } from "node:child_process";
import { scryptSync } from "node:crypto";
import { isPasswordHash, readPasswordHash } from "@evertoken/operations";
import { expect, test } from "vitest";
import { inherited } from "../support/inherited.ts";
import { launcher } from "./evertoken-command.ts";

/** From its source: what tests start otherwise derives keys at a fraction of the cost. */
function hashPassword(input: string) {
  const options = { input, env: inherited(), encoding: "utf8" } as const;
  return spawnSync(process.execPath, [launcher, "hash-password"], options);
}

test("a password from standard input becomes a hash that the dashboard reads, without settings, and none is refused", () => {
  const made = hashPassword("lantern orchid gravel\n");
  const hash = made.stdout.trim();
  expect([made.status, made.stderr, isPasswordHash(hash)]).toEqual([0, "", true]);
  const { salt, key } = readPasswordHash(hash);
  // What OWASP's cheat sheet on password storage asks of scrypt: derived once more, by somebody else.
  const cost = { N: 2 ** 15, r: 8, p: 3, maxmem: 2 ** 26 };
  expect([salt.length, scryptSync("lantern orchid gravel", salt, 32, cost).equals(key)]).toEqual([16, true]);
  expect(hashPassword("\n").status).toBe(2);
});
