import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";

/** Where packages go that not every installation needs. */
export const fetchedPackages = resolve(".evertoken", "packages");

/**
 * Installs a package from npm into .evertoken/packages, unless it is there in that version. It runs no script of its own.
 *
 * @param versionOf whose version in `fetchedAtStart` of our package.json it takes
 * @returns its directory
 */
export async function fetchPackage(name: string, versionOf = name): Promise<string> {
  const manifest = readJson(new URL("../package.json", import.meta.url));
  const version = (manifest.fetchedAtStart as Record<string, string>)[versionOf];
  const directory = join(fetchedPackages, "node_modules", name);
  const file = join(directory, "package.json");
  if (existsSync(file) && readJson(file).version === version) return directory;
  console.error(`evertoken: fetching ${name} into .evertoken/packages`);
  const target = ["--prefix", fetchedPackages, "--ignore-scripts", "--no-fund", "--no-audit", "--loglevel=error"];
  const code = await runNpm(["install", ...target, `${name}@${version}`]);
  if (code !== 0) throw new Error(`${name} could not be fetched. Is the npm registry reachable?`);
  return directory;
}

const readJson = (file: string | URL) => JSON.parse(readFileSync(file, "utf8")) as Record<string, unknown>;

/** The npm that called us, else the one on the PATH. */
async function runNpm(args: string[]): Promise<number | null> {
  const [program, first] = process.env.npm_execpath
    ? [process.execPath, [process.env.npm_execpath]]
    : ["npm", [] as string[]];
  const stdio: ["ignore", "ignore", "inherit"] = ["ignore", "ignore", "inherit"];
  const child = spawn(program, [...first, ...args], {
    stdio,
    shell: process.platform === "win32" && program === "npm",
  });
  const [code] = (await once(child, "close")) as [number | null];
  return code;
}
