import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, onTestFinished, test } from "vitest";

const reporter = fileURLToPath(new URL("../../scripts/second-tries.mjs", import.meta.url));
const vitest = join(dirname(createRequire(import.meta.url).resolve("vitest/package.json")), "vitest.mjs");

const suite = `
import { expect, test } from "vitest";
let tries = 0;
test("shaky", () => { tries += 1; expect(tries, "the first time").toBe(2); });
test("steady", () => {});
test("broken", () => { throw new Error("always"); });
`;

test("a test that passed at its second try only is named with its first failure, others are not", async () => {
  const results = fileURLToPath(new URL("../results", import.meta.url));
  mkdirSync(results, { recursive: true });
  const root = mkdtempSync(join(results, "second-tries-"));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  writeFileSync(join(root, "some.test.ts"), suite);
  writeFileSync(join(root, "vitest.config.mjs"), "export default {};");
  const file = join(root, "second-tries.txt");
  const args = [vitest, "run", "--root", root, "--retry=1", `--reporter=${reporter}`];
  const env = { PATH: process.env.PATH, SECOND_TRIES_FILE: file };
  await promisify(execFile)(process.execPath, args, { cwd: root, env }).catch(() => undefined);
  const lines = readFileSync(file, "utf8").split("\n");
  expect(lines).toHaveLength(1);
  expect(lines[0]).toMatch(/^some\.test\.ts > shaky: the first time/);
});
