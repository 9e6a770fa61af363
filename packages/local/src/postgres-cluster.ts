import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { chown, mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { LocalServiceError } from "./local-service-error.ts";
import type { Account } from "./postgres-account.ts";

export type Cluster = { native: string; dataDir: string; account: Account | undefined; user: string; password: string };

/** Runs initdb unless that has been done. Under another name first, so that a half-made cluster is never taken for one. */
export async function createCluster({ native, dataDir, account, user, password }: Cluster): Promise<void> {
  if (existsSync(join(dataDir, "PG_VERSION"))) return;
  const fresh = `${dataDir}.new`;
  const passwordFile = `${dataDir}.initdb`;
  await rm(fresh, { recursive: true, force: true });
  await mkdir(fresh, { recursive: true, mode: 0o700 });
  await writeFile(passwordFile, password, { mode: 0o600 });
  for (const path of account ? [fresh, passwordFile] : []) await chown(path, account?.uid ?? 0, account?.gid ?? 0);
  const locale = ["--encoding=UTF8", ...(await localeOptions(native))];
  const access = ["--auth=scram-sha-256", `--username=${user}`, `--pwfile=${passwordFile}`];
  try {
    await promisify(execFile)(join(native, "bin", "initdb"), [...locale, ...access, "--no-sync", "-D", fresh], {
      ...account,
      cwd: "/",
    });
  } catch (cause) {
    const text = (cause as { stderr?: string }).stderr ?? String(cause);
    throw new LocalServiceError("start_failed", `initdb failed:\n${text}`, { cause });
  } finally {
    await rm(passwordFile, { force: true });
  }
  await rename(fresh, dataDir);
}

/**
 * Postgres 17 has a locale of its own, so that sorting is the same on every machine; no ICU or system locale is needed. Older ones take
 * the system's.
 */
async function localeOptions(native: string): Promise<string[]> {
  const { stdout } = await promisify(execFile)(join(native, "bin", "postgres"), ["--version"]);
  const major = Number(/ (\d+)/.exec(stdout)?.[1]);
  return major < 17 ? ["--locale=C.UTF-8"] : ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"];
}

/**
 * After a kill -9 Postgres judges its old postmaster.pid by whether that process id is alive, and stays away when
 * somebody else has it now. The claim has told us that no server of ours runs, so only a real postgres may keep it.
 */
export async function removeStalePidFile(dataDir: string): Promise<void> {
  const file = join(dataDir, "postmaster.pid");
  const content = await readFile(file, "utf8").catch(() => "");
  const pid = Number.parseInt(content, 10);
  if (pid > 0 && !(await isPostgres(pid))) await rm(file, { force: true });
}

async function isPostgres(pid: number): Promise<boolean> {
  const { stdout } = await promisify(execFile)("ps", ["-o", "comm=", "-p", String(pid)]).catch(() => ({ stdout: "" }));
  return stdout.includes("postgres") || readProcName(pid).includes("postgres");
}

function readProcName(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/comm`, "utf8");
  } catch {
    return "";
  }
}

/** Random once, then kept beside the data directory. */
export async function readPassword(dataDir: string): Promise<string> {
  const file = `${dataDir}.password`;
  if (existsSync(file)) return readFile(file, "utf8");
  const password = randomBytes(18).toString("base64url");
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, password, { mode: 0o600 });
  return password;
}
