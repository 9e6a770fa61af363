import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/**
 * What an app gets that installs these tarballs and nothing else.
 *
 * @returns such as `98 MB in 112 packages`
 */
export function installedSize(directory, tarballs) {
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, "package.json"), '{ "private": true }');
  const args = ["install", "--omit=dev", "--ignore-scripts", "--no-audit", "--no-fund", ...tarballs];
  const { status, stderr } = spawnSync("npm", args, { cwd: directory, encoding: "utf8" });
  if (status !== 0) throw new Error(stderr);
  const installed = join(directory, "node_modules");
  const files = readdirSync(installed, { recursive: true, withFileTypes: true }).filter((file) => file.isFile());
  const bytes = files.reduce((sum, { parentPath, name }) => sum + statSync(join(parentPath, name)).size, 0);
  const packages = files.filter(
    ({ parentPath, name }) => name === "package.json" && /node_modules\/(@[^/]+\/)?[^/]+$/.test(parentPath),
  );
  return `${(bytes / 1e6).toFixed(1)} MB in ${packages.length} packages`;
}
