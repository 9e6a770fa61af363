import {
  checkRedis,
  describeError,
  lastSaid,
  otherKind,
  type RedisClient,
  type RedisFinding,
  redisAdvice,
  tryWrite,
} from "@evertoken/adapters";
import { type Finding, fail, ok, warn } from "./finding.ts";

const patienceMs = 2500;

/** Reachable, takes writes, and set up so that it neither drops nor delays jobs. */
export async function checkRedisServer(redis: RedisClient, prefix: string): Promise<Finding[]> {
  const [kind, refused] = await Promise.all([otherKind(redis, patienceMs), tryWrite(redis, prefix, patienceMs)]);
  const trouble = kind ?? refused;
  if (trouble === "away") return [away(redis)];
  if (trouble !== null) return [fail("redis", `Redis ${redisAdvice[trouble].is}`, redisAdvice[trouble].advice)];
  const findings = await checkRedis(redis);
  if (findings.length === 0) return [ok("redis", "answers, takes writes, and has the right settings")];
  return [...wrong(findings), ...unread(findings)];
}

function away(redis: RedisClient): Finding {
  const { code, message } = describeError(lastSaid(redis) ?? new Error("it answers too late"));
  const detail = `Redis does not answer (${code ?? message})`;
  return fail("redis", detail, "check REDIS_URL, and that the server runs and can be reached from here");
}

function wrong(findings: readonly RedisFinding[]): Finding[] {
  return findings.flatMap(({ setting, found, wanted, fatal }) =>
    found === null
      ? []
      : [(fatal ? fail : warn)("redis", `${setting} is ${found}`, `set it to ${wanted}, as in deploy/redis.conf`)],
  );
}

function unread(findings: readonly RedisFinding[]): Finding[] {
  const hidden = findings.filter(({ found }) => found === null);
  if (hidden.length === 0) return [];
  const detail = `answers and takes writes; could not be read: ${hidden.map(({ setting }) => setting).join(", ")}`;
  const values = hidden.map(({ setting, wanted }) => `${setting} ${wanted}`).join(", ");
  return [warn("redis", detail, `let its user read them (+info +config|get), or see to it yourself: ${values}`)];
}
