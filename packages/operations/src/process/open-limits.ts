import { connectRedis, createLimits, impatient, type Limits, within } from "@evertoken/adapters";
import type { Engine } from "@evertoken/engine/internal";

/** What a request may wait for the count of others. */
const commandTimeout = 250;
const connectWithinMs = 1000;

/** Limits that all processes share, over a connection of their own: it gives up sooner than any other. */
export async function openLimits({ config }: Pick<Engine, "config">): Promise<{ limits: Limits; close(): void }> {
  const options = { ...impatient, commandTimeout, maxRetriesPerRequest: 0, enableOfflineQueue: false };
  // That Redis is away is told by the engine's own connections.
  const redis = connectRedis(config.redis, options, () => {});
  // What is counted before it is connected, others do not hear of.
  const ready = new Promise((resolve) => redis.once("ready", resolve).once("close", resolve));
  await within(connectWithinMs, ready);
  const limits = createLimits({ redis, prefix: config.redisPrefix, secret: config.encryptionKeys[0] ?? "" });
  return { limits, close: () => redis.disconnect() };
}
