import type { Redis } from "ioredis";
import { answerWithin, within } from "../running-work.ts";
import { FollowingCluster } from "./following-cluster.ts";
import type { RedisClient } from "./redis.ts";
import { lacksMaster, type RedisTrouble, redisAdvice, redisTrouble } from "./redis-trouble.ts";

/** Tells that a write was tried, and is gone in a minute. Under the prefix, so that the same rights do. */
const trialKey = (prefix: string) => `{${prefix}}:trial`;
const trialMs = 60_000;

/** What was said this short a time ago is why there is no answer. */
const recentMs = 3000;

/** Whether Redis takes writes: a replica, or one that is full, answers every PING. @returns what it refuses for; null: it does */
export async function tryWrite(redis: RedisClient, prefix: string, patienceMs: number): Promise<RedisTrouble | null> {
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
  return trouble === "away" ? redisTrouble(lastSaid(redis) ?? {}) : trouble;
}

function write(redis: RedisClient, prefix: string): Promise<unknown> {
  const trying = () => {
    const set = redis.set(trialKey(prefix), "1", "PX", trialMs);
    return redis instanceof FollowingCluster ? Promise.all([set, requireAllSlots(redis)]) : set;
  };
  redis.trial ??= trying().finally(() => {
    redis.trial = null;
  });
  return redis.trial;
}

/** The trial is written to one of the masters, and waits where that is the one that is missing. */
async function requireAllSlots(cluster: FollowingCluster): Promise<void> {
  const info = await cluster.cluster("INFO");
  if (info.includes("cluster_state:fail") || /^cluster_slots_fail:[1-9]/m.test(info)) throw lacksMaster();
}

/** A command that is sent again and again has no answer, but there is a reason. @returns null: nothing was said lately */
export function lastSaid({ trouble }: RedisClient): Error | null {
  return trouble !== null && Date.now() - trouble.at < recentMs ? trouble.error : null;
}

/** What answers at the address of one server is another kind: a node of a cluster takes some keys and refuses the others, a Sentinel takes none. */
export async function otherKind(redis: RedisClient, patienceMs: number): Promise<RedisTrouble | null> {
  // Whoever is no cluster cannot be taken for one: nobody could be connected.
  if (redis instanceof FollowingCluster) return null;
  const asking = Promise.all([redis.info("server"), redis.info("cluster")]).catch(() => []);
  const info = ((await answerWithin(patienceMs, asking)) ?? []).join("\n");
  if (info.includes("cluster_enabled:1")) return "cluster";
  return info.includes("_mode:sentinel") ? "sentinel" : null;
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
export async function checkRedis(redis: RedisClient): Promise<RedisFinding[]> {
  const servers = redis instanceof FollowingCluster ? redis.nodes("master") : [redis];
  const findings = (await Promise.all(servers.map(checkServer))).flat();
  return [...new Map(findings.map((finding) => [`${finding.setting} ${finding.found}`, finding])).values()];
}

async function checkServer(redis: Redis): Promise<RedisFinding[]> {
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
