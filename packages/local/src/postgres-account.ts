import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, statSync } from "node:fs";
import { cp, mkdir, readFile, rename } from "node:fs/promises";
import { dirname, join } from "node:path";
import { LocalServiceError } from "./local-service-error.ts";

export type Account = { uid: number; gid: number };

/** Postgres refuses to run as root. Whom it runs as instead; undefined: as whoever we are. */
export function postgresAccount(): Account | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const found = lookUp();
  if (found) return found;
  try {
    execFileSync("groupadd", ["--system", "--force", "postgres"]);
    execFileSync("useradd", ["--system", "--no-create-home", "--gid", "postgres", "postgres"]);
  } catch (cause) {
    throw new LocalServiceError(
      "no_system_user",
      "Postgres does not run as root, and the user 'postgres' could not be created. Start as another user.",
      { cause },
    );
  }
  const created = lookUp();
  if (!created) throw new LocalServiceError("no_system_user", "The user 'postgres' was created but is not found.");
  return created;
}

function lookUp(): Account | undefined {
  const id = (flag: string) => Number(execFileSync("id", [flag, "postgres"], { encoding: "utf8", stdio: "pipe" }));
  try {
    return { uid: id("-u"), gid: id("-g") };
  } catch {
    return undefined;
  }
}

/**
 * A checkout below /root cannot be entered by anybody else, so the Postgres user gets its files where it can: a
 * copy of the programs, and the data directory, below /var/lib/evertoken. Other paths stay as they are.
 */
export async function reachablePaths({ native, dataDir }: { native: string; dataDir: string }) {
  const base = "/var/lib/evertoken";
  const { version } = JSON.parse(await readFile(join(dirname(native), "package.json"), "utf8")) as { version: string };
  const key = createHash("sha256").update(dataDir).digest("hex").slice(0, 12);
  return {
    native: isReachable(native) ? native : await copyOnce(native, join(base, `postgresql-${version}-${process.arch}`)),
    dataDir: isReachable(dirname(dataDir)) ? dataDir : join(base, key, "postgres"),
  };
}

function isReachable(path: string): boolean {
  if (path === dirname(path)) return true;
  return existsSync(path) && (statSync(path).mode & 0o001) !== 0 && isReachable(dirname(path));
}

async function copyOnce(source: string, target: string): Promise<string> {
  if (existsSync(target)) return target;
  const partial = `${target}.${process.pid}`;
  await mkdir(dirname(target), { recursive: true });
  await cp(source, partial, { recursive: true, verbatimSymlinks: true });
  await rename(partial, target).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "ENOTEMPTY" && error.code !== "EEXIST") throw error;
  });
  return target;
}
