import type { RedisOptions } from "ioredis";
import type { RedisPlace } from "../settings/redis-place.ts";
import { FollowingCluster } from "./following-cluster.ts";
import { FollowingRedis } from "./following-redis.ts";

/** For processes that live from the queue: waits for Redis however long it takes, and is back within 2 s of its return. */
export const patient: RedisOptions = {
  maxRetriesPerRequest: null,
  // A peer that vanished without a word would be waited for until TCP gives up, a quarter of an hour later. BullMQ blocks for
  // 10 s at most, so a longer silence in the face of a command is a dead connection.
  socketTimeout: 15_000,
};

/** For callers that wait for an answer: says within 2 s that Redis is away. A command that timed out may still happen. */
export const impatient: RedisOptions = {
  maxRetriesPerRequest: 1,
  commandTimeout: 2000,
};

/** The same commands, whether one server answers them or several do: keys of one command share a hash tag. */
export type RedisClient = FollowingRedis | FollowingCluster;

/**
 * @param onError connection trouble; without a listener ioredis would print it
 */
export function connectRedis(place: RedisPlace, options: RedisOptions, onError: (error: Error) => void): RedisClient {
  const redis = open(place, options);
  redis.on("error", onError);
  redis.onTrouble = onError;
  return redis;
}

function open(place: RedisPlace, options: RedisOptions): RedisClient {
  const tls = place.tls === null ? {} : { tls: { ...place.tls } };
  if (place.kind === "server") return new FollowingRedis(place.url, { ...options, ...tls });
  // The addresses that servers tell each other may be of either kind.
  const shared = { ...options, ...place.login, ...tls, family: 0 };
  if (place.kind === "cluster") return new FollowingCluster(place.hosts, shared);
  return new FollowingRedis({
    ...{ ...shared, db: place.db, name: place.masterName, role: "master", sentinels: [...place.hosts] },
    ...sentinelOptions(place),
  });
}

function sentinelOptions({ tls, sentinelLogin }: RedisPlace & { kind: "sentinel" }): RedisOptions {
  const { username, password } = sentinelLogin;
  return {
    ...(username !== undefined && { sentinelUsername: username }),
    ...(password !== undefined && { sentinelPassword: password }),
    ...(tls !== null && { sentinelTLS: { ...tls }, enableTLSForSentinelMode: true }),
    // One that vanished without a word would be waited for.
    sentinelCommandTimeout: 2000,
    sentinelRetryStrategy: (times) => Math.min(times * 200, 2000),
  };
}
