#!/usr/bin/env node
/**
 * Puts into package-lock.json what npm left out: packages for other platforms, and hashes.
 *
 * Beside a node_modules, npm writes down what it finds there, so a lock file made on one machine lacks the packages of the others; then
 * `npm ci` says "Missing: … from lock file" there, and here too. And an entry without a hash is installed whatever the registry sends.
 * In an empty folder npm asks the registry for both: there it is given just these packages, in just these versions.
 *
 *   node scripts/complete-lock.mjs           completes it (after every npm install)
 *   node scripts/complete-lock.mjs --check   fails when something is missing; asks nobody
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const file = new URL("../package-lock.json", import.meta.url);
const lock = JSON.parse(readFileSync(file, "utf8"));
const write = (path, value) => writeFileSync(path, `${JSON.stringify(value, null, 2)}\n`);

/**
 * Of these no registry that we reach has any but Linux x64: they are locked without a hash. They serve a development tool on other platforms.
 * Their names end with what they are for, as Node calls it.
 */
const notToBeHad = /(^|\/)node_modules\/@yuku-toolchain\/(?<os>darwin|linux|win32)-(?<cpu>arm64|x64)$/;

/** What comes from the registry and has no hash: workspaces, and links to them, have none by their nature. */
function withoutHash() {
  const isBare = ([path, { link, integrity }]) =>
    path.includes("node_modules/") && !link && !integrity && !notToBeHad.test(path);
  return Object.entries(lock.packages).filter(isBare);
}

/** Where npm would find it: beside the package, or in any node_modules above. */
function isLocked(parent, name) {
  for (let path = parent; ; path = path.slice(0, Math.max(0, path.lastIndexOf("node_modules/") - 1))) {
    if (lock.packages[`${path}${path && "/"}node_modules/${name}`]) return true;
    if (path === "") return false;
  }
}

function absent() {
  return Object.entries(lock.packages).flatMap(([parent, { optionalDependencies = {}, dev }]) =>
    Object.entries(optionalDependencies)
      .filter(([name]) => !isLocked(parent, name))
      .map(([name, range]) => [`node_modules/${name}`, { version: range.replace(/^[~^]/, ""), dev, optional: true }]),
  );
}

/** One entry for each, as npm writes them. Under names of their own, so that two versions of a package stand side by side. */
function lookUp(wanted) {
  const folder = mkdtempSync(join(tmpdir(), "complete-lock-"));
  try {
    const named = wanted.map(([path, { version }], index) => [
      `wanted-${index}`,
      `npm:${path.replace(/^.*node_modules\//, "")}@${version}`,
    ]);
    write(join(folder, "package.json"), { optionalDependencies: Object.fromEntries(named) });
    const options = ["--package-lock-only", "--omit-lockfile-registry-resolved", "--loglevel=error"];
    execFileSync("npm", ["install", ...options], { cwd: folder });
    const { packages } = JSON.parse(readFileSync(join(folder, "package-lock.json"), "utf8"));
    return wanted.flatMap(([path, { version, dev, optional }], index) => {
      const { name: _, ...found } = packages[`node_modules/wanted-${index}`] ?? {};
      const known = found.integrity ? found : fromItsName(path);
      return known === null ? [] : [[path, { version, ...known, dev, optional }]];
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function fromItsName(path) {
  const { os, cpu } = notToBeHad.exec(path)?.groups ?? {};
  return os && cpu ? { os: [os], cpu: [cpu] } : null;
}

const wanted = [...new Map([...withoutHash(), ...absent()])];
const found = process.argv.includes("--check") || wanted.length === 0 ? [] : lookUp(wanted);
if (found.length > 0) {
  const entries = Object.entries({ ...lock.packages, ...Object.fromEntries(found) });
  const sorted = entries.sort(([a], [b]) => a.localeCompare(b, "en"));
  write(file, { ...lock, packages: Object.fromEntries(sorted) });
  console.log(`completed ${found.length} entries of package-lock.json`);
}
const left = wanted.filter(([path]) => !found.some(([completed]) => completed === path));
if (left.length > 0) {
  console.error(`package-lock.json lacks ${left.length} packages, or their hashes, among them ${left[0][0]}.`);
  console.error("Run, where the registry has them all: node scripts/complete-lock.mjs");
  process.exit(1);
}
