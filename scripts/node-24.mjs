/**
 * Runs a program under Node 24 on a machine that may have an older one. Plain JavaScript without a dependency that any Node
 * since 20 runs: it comes before everything else, in the repository and in the package `evertoken`.
 */
import { spawn, spawnSync } from "node:child_process";
import { constants } from "node:os";
import { join } from "node:path";

const wantedMajor = 24;

/** @param {string} prefix where one that is fetched from npm is kept. @returns {string} a Node that is new enough */
export function findNode(prefix) {
  if (Number.parseInt(process.versions.node, 10) >= wantedMajor) return process.execPath;
  const platform = process.platform === "win32" ? "win" : process.platform;
  const name = `node-${platform}-${process.arch}`;
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
export function npm(what, parameters, cwd = process.cwd()) {
  const quiet = [...parameters, "--loglevel=error", "--no-fund", "--no-audit"];
  const [program, first] = process.env.npm_execpath ? [process.execPath, [process.env.npm_execpath]] : ["npm", []];
  const { status } = spawnSync(program, [...first, ...quiet], {
    cwd,
    stdio: ["ignore", "ignore", "inherit"],
    shell: process.platform === "win32" && program === "npm",
  });
  if (status !== 0) fail(`${what} failed. Is the npm registry reachable?`);
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
