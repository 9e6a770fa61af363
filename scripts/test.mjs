/**
 * Runs every suite and ends with one line: `12 passed, 0 failed`, and `, 3 skipped` where some were. Before it stand the tests that needed
 * a second try (under CI they get one): a first failure is not to be overlooked.
 * Arguments go to vitest (`npm test -- test/integration`).
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const report = join(root, "test", "results", "vitest.json");

const secondTries = join(dirname(report), "second-tries.txt");
const secondTriesReporter = join(root, "scripts", "second-tries.mjs");

const vitest = join(dirname(createRequire(import.meta.url).resolve("vitest/package.json")), "vitest.mjs");
const reporters = [
  ...["--reporter=default", `--reporter=${secondTriesReporter}`],
  ...["--reporter=json", `--outputFile.json=${report}`],
];

// Passed on by with-node.mjs once: vitest, in our process group, gets it as well and ends its own way.
for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => undefined);

mkdirSync(dirname(report), { recursive: true });
for (const path of [report, secondTries]) rmSync(path, { force: true });
const { status } = spawnSync(process.execPath, [vitest, "run", ...reporters, ...process.argv.slice(2)], {
  cwd: root,
  stdio: ["ignore", "inherit", "inherit"],
  env: { ...process.env, SECOND_TRIES_FILE: secondTries },
});

const counts = readCounts();
const ok = status === 0 && counts.failed === 0 && counts.passed > 0;
// A file that does not load, an error outside any test, or no test at all is a failure that no test stands for.
if (!ok && counts.failed === 0) counts.failed = 1;
for (const line of readSecondTries()) console.log(`needed a second try: ${line}`);
console.log(
  `${counts.passed} passed, ${counts.failed} failed${counts.skipped > 0 ? `, ${counts.skipped} skipped` : ""}`,
);
process.exitCode = ok ? 0 : 1;

function readCounts() {
  try {
    const { numPassedTests, numPendingTests, numTodoTests, testResults } = JSON.parse(readFileSync(report, "utf8"));
    const failures = testResults.map(failuresOf);
    const failed = failures.reduce((sum, count) => sum + count, 0);
    return { passed: numPassedTests, failed, skipped: numPendingTests + numTodoTests };
  } catch {
    return { passed: 0, failed: 0, skipped: 0 };
  }
}

function readSecondTries() {
  if (!existsSync(secondTries)) return [];
  return readFileSync(secondTries, "utf8")
    .split("\n")
    .filter((line) => line !== "");
}

/** A file that failed without a failed test, in a hook or while loading, counts as one. */
function failuresOf({ status: fileStatus, assertionResults }) {
  const failed = assertionResults.filter((test) => test.status === "failed").length;
  return fileStatus === "failed" ? Math.max(1, failed) : failed;
}
