import type { Redis } from "ioredis";
import { within } from "../running-work.ts";
import { FollowingRedis } from "./redis.ts";
import { type RedisTrouble, redisAdvice, redisTrouble } from "./redis-trouble.ts";

/** Tells that a write was tried, and is gone in a minute. Under the prefix, so that the same rights do. */
const trialKey = (prefix: string) => `{${prefix}}:trial`;
const trialMs = 60_000;

/** What was said this short a time ago is why there is no answer. */
const recentMs = 3000;

/** Whether Redis takes writes: a replica, or one that is full, answers every PING. @returns what it refuses for; null: it does */
export async function tryWrite(redis: Redis, prefix: string, patienceMs: number): Promise<RedisTrouble | null> {
  let trouble: RedisTrouble | null = "away";
  const trial = write(redis, prefix).then(
    () => {
      trouble = null;
    },
    (error) => {
      trouble = redisTrouble(error);
    },
  );
  await within(patienceMs, trial);
  return trouble === "away" ? lately(redis) : trouble;
}

function write(redis: Redis, prefix: string): Promise<unknown> {
  const set = () => redis.set(trialKey(prefix), "1", "PX", trialMs);
  if (!(redis instanceof FollowingRedis)) return set();
  redis.trial ??= set().finally(() => {
    redis.trial = null;
  });
  return redis.trial;
}

/** A command that is sent again and again has no answer, but there is a reason. */
function lately(redis: Redis): RedisTrouble {
  const said = redis instanceof FollowingRedis ? redis.trouble : null;
  return said !== null && Date.now() - said.at < recentMs ? redisTrouble(said.error) : "away";
}

/** A node of a cluster answers for some keys, and refuses the others. */
export async function isClusterNode(redis: Redis, patienceMs: number): Promise<boolean> {
  let info = "";
  const asking = redis.info("cluster").then((answer) => {
    info = answer;
  });
  await within(patienceMs, asking);
  return info.includes("cluster_enabled:1");
}

/** In words, for logs and people. */
export function describeTrouble(trouble: RedisTrouble): string {
  const { is, advice } = redisAdvice[trouble];
  return `Redis ${is}: ${advice}`;
}

export interface RedisFinding {
  readonly setting: string;
  /** null: this user may not read it. */
  readonly found: string | null;
  readonly wanted: string;
  /** Whether work must not start like this. */
  readonly fatal: boolean;
}

const wanted: readonly { setting: string; ok: (value: string) => boolean; wanted: string; fatal: boolean }[] = [
  { setting: "maxmemory-policy", ok: (v) => v === "noeviction", wanted: "noeviction", fatal: true },
  { setting: "appendonly", ok: (v) => v === "yes", wanted: "yes", fatal: false },
  { setting: "hz", ok: (v) => Number(v) >= 100, wanted: "100 or more", fatal: false },
  { setting: "hash-max-listpack-value", ok: (v) => Number(v) >= 1024, wanted: "1024 or more", fatal: false },
];

/** Settings that durability, timing and memory depend on, and are wrong or cannot be read. Empty where all is well. */
export async function checkRedis(redis: Redis): Promise<RedisFinding[]> {
  const findings: RedisFinding[] = [];
  for (const { setting, ok, wanted: want, fatal } of wanted) {
    const found = await read(redis, setting);
    if (found === null) findings.push({ setting, found, wanted: want, fatal: false });
    else if (!ok(found)) findings.push({ setting, found, wanted: want, fatal });
  }
  return findings;
}

/** Managed servers hide CONFIG, and tell some of it in INFO. */
async function read(redis: Redis, setting: string): Promise<string | null> {
  const answer = await redis.config("GET", setting).catch(() => null);
  if (Array.isArray(answer) && answer.length > 1) return String(answer[1]);
  const info = await redis.info().catch(() => "");
  const name = setting === "appendonly" ? "aof_enabled" : setting.replaceAll("-", "_");
  const told = info.match(new RegExp(`^${name}:(.*)$`, "m"))?.[1]?.trim() ?? null;
  return setting === "appendonly" && told !== null ? (told === "1" ? "yes" : "no") : told;
}
