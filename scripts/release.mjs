/**
 * Publishes the three packages from what is built, with provenance, under the version that package.json says:
 *
 *   npx changeset             # beside a change: which packages, and how much of a change it is
 *   npx changeset version     # raises the versions; then date the changelog, by hand
 *   npm run pin-images        # the images of Dockerfile and docker-compose.yml, by digest; commit what it writes
 *   npm run release           # builds, checks the tarballs, publishes
 *   npm run release -- --dry-run
 *
 * Provenance needs a CI that npm trusts, so that anywhere else only a dry run gets through.
 */
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { published } from "./packages.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
const dryRun = process.argv.includes("--dry-run");

run("npm", ["run", "build"]);
run(process.execPath, ["scripts/check-tarballs.mjs"]);
for (const directory of published) {
  run("npm", ["publish", `./${directory}/dist`, "--access=public", ...(dryRun ? ["--dry-run"] : ["--provenance"])]);
}

function run(program, args) {
  const { status } = spawnSync(program, args, { cwd: root, stdio: "inherit" });
  if (status !== 0) process.exit(1);
}
