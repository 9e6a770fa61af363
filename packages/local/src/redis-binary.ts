import { execFile, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { promisify } from "node:util";
import { LocalServiceError } from "./local-service-error.ts";
import { builtRedis } from "./places.ts";
import { buildRedis } from "./redis-build.ts";

const run = promisify(execFile);

/**
 * A redis-server or valkey-server that is new enough: the machine's own, else one that we built earlier, else one that
 * apt installs (Debian and Ubuntu, as root), else one that we build from source.
 */
export async function findRedisBinary(onLine: (line: string) => void = () => undefined): Promise<string> {
  const present = findUsable();
  if (present) return present;
  if (process.getuid?.() === 0 && existsSync("/usr/bin/apt-get")) {
    onLine("no redis-server found: installing it with apt-get");
    const installed = await installWithApt();
    if (installed) return installed;
  }
  onLine("no redis-server found: building one from source, which takes some minutes");
  const built = await buildRedis();
  if (built.ok) return built.file;
  throw new LocalServiceError("not_installed", instruction(built.reason));
}

function findUsable(): string | undefined {
  return ["redis-server", "valkey-server", builtRedis].find(isUsable);
}

/** Older ones lack `hash-max-listpack-value` (7.0) and commands that BullMQ needs (6.2). Every Valkey is new enough. */
function isUsable(file: string): boolean {
  const { stdout } = spawnSync(file, ["--version"], { encoding: "utf8" });
  const version = /v=(\d+)\./.exec(stdout ?? "")?.[1];
  return version !== undefined && Number(version) >= 7;
}

async function installWithApt(): Promise<string | undefined> {
  // RUNLEVEL=1 keeps the package from starting a server of its own on port 6379.
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive", RUNLEVEL: "1" };
  try {
    await run("apt-get", ["update", "-q"], { env });
    await run("apt-get", ["install", "-y", "-q", "--no-install-recommends", "redis-server"], { env });
  } catch {
    return undefined;
  }
  return findUsable();
}

function instruction(reason: string): string {
  return [
    "Redis 7 (or Valkey) is needed, and was not found on this machine.",
    "  Debian, Ubuntu   sudo apt-get install redis-server",
    "  Fedora, RHEL     sudo dnf install valkey",
    "  macOS            brew install redis",
    "Or set REDIS_URL to one that runs elsewhere.",
    `(Building it from source failed: ${reason})`,
  ].join("\n");
}
