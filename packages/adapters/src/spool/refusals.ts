import type { RedisClient } from "../redis/redis.ts";
import type { SpoolFault } from "./faults.ts";

/** An upgrade or a repair may have made it fit to be stored. */
const tryAgainMs = 300_000;

/** Entries that Postgres refuses: this process tries each again now and then, and Redis tells others of it. */
export function createRefusals(redis: RedisClient, key: string) {
  const own = new Map<string, { readonly why: string; readonly until: number }>();
  return {
    mayTry: (name: string) => (own.get(name)?.until ?? 0) <= Date.now(),
    async add(name: string, why: string): Promise<void> {
      own.set(name, { why, until: Date.now() + tryAgainMs });
      await redis.hset(key, name, why).catch(() => 0);
    },
    async forget(name: string): Promise<void> {
      own.delete(name);
      await redis.hdel(key, name).catch(() => 0);
    },
    own: (): SpoolFault[] => [...own].map(([where, { why }]) => ({ where, why })),
    async all(): Promise<SpoolFault[]> {
      const told = await redis.hgetall(key).catch(() => ({}));
      return Object.entries(told).map(([where, why]) => ({ where, why }));
    },
  };
}
