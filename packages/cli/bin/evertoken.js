#!/usr/bin/env node
// Plain JavaScript, so that an older Node can at least say what is missing.
const [major, minor] = process.versions.node.split(".").map(Number);
if (major > 22 || (major === 22 && minor >= 18)) {
  await import("../src/main.ts");
} else {
  console.error(
    `evertoken needs Node 22.18 or newer, this is ${process.versions.node}. \`npm start\` fetches one by itself; for the other ` +
      "commands use `node scripts/with-node.mjs packages/cli/src/main.ts <command>`.",
  );
  process.exitCode = 1;
}
