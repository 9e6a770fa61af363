import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { copyFile, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { availableParallelism, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { builtRedis } from "./places.ts";

/** With the checksum that https://github.com/redis/redis-hashes has of it. */
const release = {
  url: "https://download.redis.io/releases/redis-7.2.15.tar.gz",
  sha256: "7bf7975331511fdb788e85dae63964b128fccee1df026a10db57444babc9c9c4",
};

type Built = { ok: true; file: string } | { ok: false; reason: string };

/** Needs a C compiler, make and tar. Takes about two minutes on two cores. */
export async function buildRedis({ url, sha256 } = release, file = builtRedis): Promise<Built> {
  const directory = await mkdtemp(join(tmpdir(), "evertoken-redis-"));
  const run = promisify(execFile);
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(60_000) });
    if (!response.ok) return { ok: false, reason: `${url} answered ${response.status}` };
    const archive = Buffer.from(await response.arrayBuffer());
    if (createHash("sha256").update(archive).digest("hex") !== sha256) {
      return { ok: false, reason: `${url} is not what was released: its checksum is another one, so it was not used` };
    }
    await writeFile(join(directory, "redis.tar.gz"), archive);
    await run("tar", ["-xzf", "redis.tar.gz", "--strip-components=1"], { cwd: directory });
    const flags = ["MALLOC=libc", "BUILD_TLS=no", `-j${availableParallelism()}`, "redis-server"];
    await run("make", ["-C", "src", ...flags], { cwd: directory, maxBuffer: 64 * 1024 * 1024 });
    await mkdir(dirname(file), { recursive: true });
    await copyFile(join(directory, "src", "redis-server"), file);
    return { ok: true, file };
  } catch (error) {
    return { ok: false, reason: error instanceof Error ? (error.message.split("\n")[0] ?? "") : String(error) };
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
