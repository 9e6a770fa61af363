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
  const place = (path) => new URL(path, import.meta.url);
  process.argv.splice(2, 0, fileURLToPath(place("../src/main.ts")));
  await import(place("../../../scripts/with-node.mjs"));
}
