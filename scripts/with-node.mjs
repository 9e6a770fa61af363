#!/usr/bin/env node
/**
 * Runs a file under Node 24, on a machine where maybe only Node 20 and npm are installed:
 *
 *   node scripts/with-node.mjs <file> [arguments]
 *
 * Installs the dependencies when they are not those of package-lock.json, fetches Node 24 from npm when this Node is
 * older, generates the database client when the schema has changed, and then hands over. Plain JavaScript with no
 * dependency, since it runs before any of that.
 */
import { spawn, spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { constants } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const wantedMajor = 24;

const [file, ...args] = process.argv.slice(2);
if (file === undefined) fail("usage: node scripts/with-node.mjs <file> [arguments]");

if (!isInstalled()) {
  say("installing the dependencies (npm ci), which takes a minute");
  npm("npm ci", ["ci"]);
}
const node = findNode();
const env = { ...process.env, PATH: dirname(node) + delimiter + (process.env.PATH ?? "") };
generateClient();
handOver();

/** npm keeps a copy of what it installed; the dates of the two files say nothing after a checkout. */
function isInstalled() {
  const wanted = readPackages("package-lock.json");
  const present = readPackages("node_modules/.package-lock.json");
  return Object.entries(wanted).every(
    ([path, entry]) =>
      !path.startsWith("node_modules/") ||
      entry.link ||
      (present[path] ? present[path].version === entry.version : entry.optional || entry.peer),
  );
}

function readPackages(name) {
  const path = join(root, name);
  return existsSync(path) ? JSON.parse(readFileSync(path, "utf8")).packages : {};
}

function findNode() {
  if (Number.parseInt(process.versions.node, 10) >= wantedMajor) return process.execPath;
  const platform = process.platform === "win32" ? "win" : process.platform;
  const name = `node-${platform}-${process.arch}`;
  const prefix = join(root, ".evertoken", "node");
  const binary = join(prefix, "node_modules", name, "bin", process.platform === "win32" ? "node.exe" : "node");
  if (!works(binary)) {
    say(`this is Node ${process.versions.node}: fetching Node ${wantedMajor} into .evertoken/node`);
    // The package holds the bare program, so it needs no install script.
    const target = ["--prefix", prefix, "--no-save", "--no-package-lock", "--ignore-scripts"];
    npm(`fetching ${name}`, ["install", ...target, `${name}@${wantedMajor}`]);
  }
  if (!works(binary)) fail(`${name} does not run here. Install Node ${wantedMajor} yourself: https://nodejs.org`);
  return binary;
}

function works(binary) {
  const { stdout } = spawnSync(binary, ["--version"], { encoding: "utf8" });
  return stdout?.startsWith(`v${wantedMajor}.`) ?? false;
}

/** The npm that called us, else the one on the PATH. */
function npm(what, parameters) {
  const quiet = [...parameters, "--loglevel=error", "--no-fund", "--no-audit"];
  const [program, first] = process.env.npm_execpath ? [process.execPath, [process.env.npm_execpath]] : ["npm", []];
  const { status } = spawnSync(program, [...first, ...quiet], {
    cwd: root,
    stdio: ["ignore", "ignore", "inherit"],
    shell: process.platform === "win32" && program === "npm",
  });
  if (status !== 0) fail(`${what} failed. Is the npm registry reachable?`);
}

function generateClient() {
  const { status } = spawnSync(node, [join(root, "prisma", "src", "generate.ts")], { stdio: "inherit", env });
  if (status !== 0) process.exit(1);
}

/**
 * The child gets a process group of its own: Ctrl-C would otherwise reach it from the terminal, through npm, and
 * through us. So it comes to us alone, up to twice at once, and we pass it on once. Its exit code becomes ours.
 */
function handOver() {
  // Outside the terminal's foreground group it may not read from the terminal, but it may from a pipe.
  const input = process.stdin.isTTY ? "ignore" : "inherit";
  const child = spawn(node, [file, ...args], { stdio: [input, "inherit", "inherit"], env, detached: true });
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

function say(line) {
  console.error(`evertoken: ${line}`);
}

function fail(line) {
  say(line);
  process.exit(1);
}
