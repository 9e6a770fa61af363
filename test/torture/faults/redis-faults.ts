import { setTimeout as sleep } from "node:timers/promises";
import { type Faults, pauseBetween, pick } from "./fault.ts";

export const redisFaults: Faults = {
  async restartRedis({ ground: { redis }, random }) {
    await redis.restart(pick(["SIGKILL", "SIGTERM"] as const, random), random() * 3000);
  },
  async freezeRedis({ ground: { redis }, random }) {
    await redis.primary.kill("SIGSTOP");
    await pauseBetween(1000, 12_000, random);
    await redis.primary.kill("SIGCONT");
  },
  emptyRedis: ({ ground: { redis } }) => redis.flush(),
  async emptyRedisWhilePostgresIsAway({ ground: { redis, postgres }, random }) {
    await postgres.primary.kill("SIGINT");
    await pauseBetween(200, 800, random);
    await redis.flush();
    await postgres.primary.start();
  },
  async failOverRedis({ ground: { redis } }) {
    await redis.failOver();
    await sleep(1000);
  },
  async restoreRedis({ ground: { redis }, random }) {
    await redis.restore(2000 + random() * 15_000);
  },
};
