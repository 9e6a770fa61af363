import { checkRedis, type connectRedis, describeError } from "@evertoken/adapters";
import { type Finding, fail, ok, warn } from "./finding.ts";

export type Redis = ReturnType<typeof connectRedis>;

/** Reachable, and set up so that it neither drops nor delays jobs. */
export async function checkRedisServer(redis: Redis): Promise<Finding[]> {
  try {
    await redis.ping();
  } catch (error) {
    const { code, message } = describeError(error);
    const detail = `Redis does not answer (${code ?? message})`;
    return [fail("redis", detail, "check REDIS_URL, and that the server runs and can be reached from here")];
  }
  const findings = await checkRedis(redis);
  if (findings.length === 0) return [ok("redis", "answers, with the right settings")];
  return findings.map(({ setting, found, wanted, fatal }) =>
    (fatal ? fail : warn)("redis", `${setting} is ${found}`, `set it to ${wanted}, as in deploy/redis.conf`),
  );
}
