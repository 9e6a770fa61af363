import { existsSync } from "node:fs";
import { chmod, readFile, stat, symlink } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { LocalServiceError } from "./local-service-error.ts";
import { postgresPackage } from "./places.ts";

type Link = { source: string; target: string };

/**
 * The `native` directory of the package for this platform, with `bin`, `lib` and `share`; ready to run.
 *
 * @param given the package's directory; left out: that of the version which we depend on
 */
export async function findPostgresBinaries(given?: string): Promise<string> {
  const root = given ?? (await installedPackage());
  await addSymlinks(root);
  const native = join(root, "native");
  for (const program of ["postgres", "initdb"]) await makeExecutable(join(native, "bin", program));
  return native;
}

async function installedPackage(): Promise<string> {
  const platform = `${process.platform === "win32" ? "windows" : process.platform}-${process.arch}`;
  try {
    return await postgresPackage(platform);
  } catch (cause) {
    const advice = "Set DATABASE_URL to a Postgres of your own.";
    throw new LocalServiceError("unsupported_platform", `No Postgres from npm for ${platform}. ${advice}`, { cause });
  }
}

/** An npm package cannot hold symlinks. Its install script makes them, but npm 11 and ours do not run install scripts. */
async function addSymlinks(root: string): Promise<void> {
  const list = join(root, "native", "pg-symlinks.json");
  if (!existsSync(list)) return;
  for (const { source, target } of JSON.parse(await readFile(list, "utf8")) as Link[]) {
    await symlink(relative(dirname(target), source), join(root, target)).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== "EEXIST") throw error;
    });
  }
}

/** A read-only file system with the right modes already is fine, so nothing is written without need. */
async function makeExecutable(file: string): Promise<void> {
  if (((await stat(file)).mode & 0o555) !== 0o555) await chmod(file, 0o755);
}
