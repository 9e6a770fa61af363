import type { Queue } from "bullmq";
import type { RedisClient } from "./redis.ts";

const holders = ["delayed", "wait", "prioritized", "active", "paused"];

/** Of these queues those in which a job waits, or runs. Asked for all at once; in a cluster each stands where its slot is. */
export async function queuesWithJobs(redis: RedisClient, queues: readonly Queue[]): Promise<Queue[]> {
  const found = await Promise.all(queues.map((queue) => redis.exists(...holders.map((key) => queue.toKey(key)))));
  return queues.filter((_, index) => found[index] !== 0);
}
