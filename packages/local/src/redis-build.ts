import { execFile } from "node:child_process";
import { copyFile, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { availableParallelism, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { builtRedis } from "./places.ts";

const source = "https://download.redis.io/releases/redis-7.2.11.tar.gz";

type Built = { ok: true; file: string } | { ok: false; reason: string };

/** Needs a C compiler, make and tar. Takes about two minutes on two cores. */
export async function buildRedis(): Promise<Built> {
  const directory = await mkdtemp(join(tmpdir(), "evertoken-redis-"));
  const run = promisify(execFile);
  try {
    const response = await fetch(source, { signal: AbortSignal.timeout(60_000) });
    if (!response.ok) return { ok: false, reason: `${source} answered ${response.status}` };
    await writeFile(join(directory, "redis.tar.gz"), Buffer.from(await response.arrayBuffer()));
    await run("tar", ["-xzf", "redis.tar.gz", "--strip-components=1"], { cwd: directory });
    const flags = ["MALLOC=libc", "BUILD_TLS=no", `-j${availableParallelism()}`, "redis-server"];
    await run("make", ["-C", "src", ...flags], { cwd: directory, maxBuffer: 64 * 1024 * 1024 });
    await mkdir(dirname(builtRedis), { recursive: true });
    await copyFile(join(directory, "src", "redis-server"), builtRedis);
    return { ok: true, file: builtRedis };
  } catch (error) {
    return { ok: false, reason: error instanceof Error ? (error.message.split("\n")[0] ?? "") : String(error) };
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
