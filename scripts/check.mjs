/** npm run check: everything that is quick enough to run before each commit, two at a time. Prints what failed. */
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const bin = (name) => fileURLToPath(new URL(`../node_modules/.bin/${name}`, import.meta.url));

const steps = [
  ["types", bin("tsc"), ["--project", "."]],
  // No Node within: it runs on any runtime.
  ["types of the client", bin("tsc"), ["--project", "packages/client"]],
  ["types of decorators", bin("tsc"), ["--project", "examples/nestjs"]],
  ["unit tests", bin("vitest"), ["run", "--project", "unit"]],
  ["format and lint", bin("biome"), ["check", "."]],
  ["boundaries", bin("turbo"), ["boundaries"]],
  ["unused code", bin("knip"), []],
  ["packages", process.execPath, ["scripts/check-packages.mjs"]],
  ["lock file", process.execPath, ["scripts/complete-lock.mjs", "--check"]],
];

let failures = 0;
async function work() {
  for (let step = steps.shift(); step; step = steps.shift()) {
    const [name, program, args] = step;
    const startedAt = performance.now();
    const { code, output } = await run(program, args);
    const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
    console.log(`${code === 0 ? "ok    " : "FAILED"} ${name} (${seconds} s)`);
    if (code !== 0) console.log(output);
    if (code !== 0) failures += 1;
  }
}

function run(program, args) {
  return new Promise((resolve) => {
    const env = { ...process.env, TURBO_TELEMETRY_DISABLED: "1", DO_NOT_TRACK: "1" };
    const child = spawn(program, args, { cwd: root, env, stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    child.stdout.on("data", (chunk) => (output += chunk));
    child.stderr.on("data", (chunk) => (output += chunk));
    child.on("error", (error) => resolve({ code: 1, output: error.message }));
    child.on("close", (code) => resolve({ code, output }));
  });
}

await Promise.all([work(), work()]);
process.exitCode = failures === 0 ? 0 : 1;
