#!/usr/bin/env node
// evertoken.js, as it is in the package. Plain JavaScript, since it may run under an older Node than ours.
import module from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const [major, minor] = process.versions.node.split(".").map(Number);
if (major > 22 || (major === 22 && minor >= 18)) {
  module.enableCompileCache();
  await import("../lib/main.js");
} else {
  const { findNode, handOver } = await import("./node-24.mjs");
  const node = findNode(join(process.cwd(), ".evertoken", "node"));
  const main = fileURLToPath(new URL("../lib/main.js", import.meta.url));
  handOver(node, [main, ...process.argv.slice(2)], process.env);
}
