import { Redis, type RedisOptions } from "ioredis";

/** For processes that live from the queue: waits for Redis however long it takes, and is back within 2 s of its return. */
export const patient: RedisOptions = {
  maxRetriesPerRequest: null,
  // A peer that vanished without a word would be waited for until TCP gives up, a quarter of an hour later. BullMQ blocks for
  // 10 s at most, so a longer silence in the face of a command is a dead connection.
  socketTimeout: 15_000,
  retryStrategy: (times) => Math.min(times * 200, 2000),
};

/** For callers that wait for an answer: says within 2 s that Redis is away. A command that timed out may still happen. */
export const impatient: RedisOptions = {
  maxRetriesPerRequest: 1,
  commandTimeout: 2000,
  retryStrategy: (times) => Math.min(times * 200, 2000),
};

/**
 * @param onError connection trouble; without a listener ioredis would print it
 */
export function connectRedis(url: string, options: RedisOptions, onError: (error: Error) => void): Redis {
  const redis = new Redis(url, options);
  redis.on("error", onError);
  return redis;
}

export interface RedisFinding {
  readonly setting: string;
  readonly found: string;
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

/** Settings that durability, timing and memory depend on. Empty where all is well, or where the server hides its configuration. */
export async function checkRedis(redis: Redis): Promise<RedisFinding[]> {
  const findings: RedisFinding[] = [];
  for (const { setting, ok, wanted: want, fatal } of wanted) {
    const answer = await redis.config("GET", setting).catch(() => null);
    const found = Array.isArray(answer) ? String(answer[1] ?? "") : "";
    if (found !== "" && !ok(found)) findings.push({ setting, found, wanted: want, fatal });
  }
  return findings;
}
