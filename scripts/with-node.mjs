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
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { fail, findNode, handOver, npm, say } from "./node-24.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));

const [file, ...args] = process.argv.slice(2);
if (file === undefined) fail("usage: node scripts/with-node.mjs <file> [arguments]");

if (!isInstalled()) {
  say("installing the dependencies (npm ci), which takes a minute");
  npm("npm ci", ["ci"], root);
}
const node = findNode(join(root, ".evertoken", "node"));
const env = { ...process.env, PATH: dirname(node) + delimiter + (process.env.PATH ?? "") };
generateClient();
handOver(node, [file, ...args], env);

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

function generateClient() {
  const { status } = spawnSync(node, [join(root, "prisma", "src", "generate.ts")], { stdio: "inherit", env });
  if (status !== 0) process.exit(1);
}
