#!/usr/bin/env node
// Plain JavaScript, since it may run under an older Node than ours.
import module from "node:module";
import { fileURLToPath } from "node:url";

const [major, minor] = process.versions.node.split(".").map(Number);
if (major > 22 || (major === 22 && minor >= 18)) {
  module.enableCompileCache();
  await import("../src/main.ts");
} else {
  // Fetches Node 24 once, and hands over to it.
  process.argv.splice(2, 0, fileURLToPath(new URL("../src/main.ts", import.meta.url)));
  await import("../../../scripts/with-node.mjs");
}
