import { type Config, createSpool } from "@evertoken/adapters";
import type { Redis } from "./check-redis-server.ts";
import { type Finding, fail, ok, warn } from "./finding.ts";

/** Token sets that could not be committed yet. The directory is that of this machine: look on each worker's. */
export async function checkSpool(redis: Redis, config: Config): Promise<Finding> {
  const spool = createSpool(redis, `{${config.redisPrefix}}:spool`, config.spoolDir, () => {});
  try {
    await spool.check();
  } catch (error) {
    const why = error instanceof Error && "code" in error ? ` (${error.code})` : "";
    return fail("spool", `${config.spoolDir} cannot be written${why}`, "check SPOOL_DIR, and who may write there");
  }
  try {
    const kept = await spool.all();
    if (kept.length === 0) return ok("spool", "empty");
    const advice = "a running worker commits them within seconds of Postgres being back; never delete them";
    return warn("spool", `${kept.length} token sets wait to be committed`, advice);
  } catch {
    return fail("spool", `${config.spoolDir} cannot be read`, "check SPOOL_DIR and who may read it");
  }
}
