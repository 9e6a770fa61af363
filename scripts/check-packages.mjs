/** A step of `npm run check`: builds the packages, where something changed, and looks into their tarballs. */
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
for (const args of [[turbo(), "run", "build", "--output-logs=errors-only"], ["scripts/check-tarballs.mjs"]]) {
  const { status } = spawnSync(process.execPath, args, { cwd: root, stdio: "inherit" });
  if (status !== 0) process.exit(1);
}

function turbo() {
  return fileURLToPath(new URL("../node_modules/.bin/turbo", import.meta.url));
}
