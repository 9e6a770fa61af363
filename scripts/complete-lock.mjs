#!/usr/bin/env node
/**
 * Puts the packages for other platforms into package-lock.json that npm left out.
 *
 * npm writes down only those that it could look up or has installed, so a lock file made on one machine, or behind a
 * registry mirror that carries one platform, lacks the rest; and then `npm ci` says "Missing: … from lock file" on the
 * others, and on this one too. An entry with version and platform is all it takes; the hash is left to the registry.
 *
 *   node scripts/complete-lock.mjs           adds them (after every npm install)
 *   node scripts/complete-lock.mjs --check   fails when some are missing
 */
import { readFileSync, writeFileSync } from "node:fs";

const file = new URL("../package-lock.json", import.meta.url);
const lock = JSON.parse(readFileSync(file, "utf8"));

const systems = {
  aix: "aix",
  android: "android",
  darwin: "darwin",
  freebsd: "freebsd",
  linux: "linux",
  netbsd: "netbsd",
  openbsd: "openbsd",
  openharmony: "openharmony",
  sunos: "sunos",
  win32: "win32",
  windows: "win32",
  fsevents: "darwin",
};
const processors = {
  64: "x64",
  arm: "arm",
  arm64: "arm64",
  armv7: "arm",
  ia32: "ia32",
  loong64: "loong64",
  mips64el: "mips64el",
  ppc64: "ppc64",
  riscv64: "riscv64",
  s390x: "s390x",
  wasm32: "wasm32",
  x64: "x64",
};
const libraries = { musl: "musl", musleabihf: "musl", gnu: "glibc", gnueabihf: "glibc", glibc: "glibc" };

/** `@biomejs/cli-linux-arm64-musl` says by its name what it is for, as such packages do. */
function platformOf(name) {
  const words = name.split(/[/@\-_]+/);
  const pick = (table) => [...new Set(words.map((word) => table[word]).filter(Boolean))];
  const [os, cpu, libc] = [systems, processors, libraries].map(pick);
  return { ...(os.length && { os }), ...(cpu.length && { cpu }), ...(libc.length && { libc }) };
}

/** Where npm would find it: beside the package, or in any node_modules above. */
function isLocked(parent, name) {
  for (let path = parent; ; path = path.slice(0, Math.max(0, path.lastIndexOf("node_modules/") - 1))) {
    if (lock.packages[`${path}${path && "/"}node_modules/${name}`]) return true;
    if (path === "") return false;
  }
}

const missing = {};
for (const [parent, entry] of Object.entries(lock.packages)) {
  for (const [name, range] of Object.entries(entry.optionalDependencies ?? {})) {
    if (isLocked(parent, name)) continue;
    const version = range.replace(/^[~^]/, "");
    const dev = entry.dev && { dev: true };
    missing[`node_modules/${name}`] = { version, ...dev, optional: true, ...platformOf(name) };
  }
}

const names = Object.keys(missing);
if (names.length === 0) process.exit(0);
if (process.argv.includes("--check")) {
  console.error(`package-lock.json lacks ${names.length} packages of other platforms, among them ${names[0]}.`);
  console.error("Run: node scripts/complete-lock.mjs");
  process.exit(1);
}
const sorted = Object.entries({ ...lock.packages, ...missing }).sort(([a], [b]) => a.localeCompare(b, "en"));
writeFileSync(file, `${JSON.stringify({ ...lock, packages: Object.fromEntries(sorted) }, null, 2)}\n`);
console.log(`added ${names.length} packages of other platforms to package-lock.json`);
