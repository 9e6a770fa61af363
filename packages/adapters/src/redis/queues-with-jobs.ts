import type { Queue } from "bullmq";
import type { Redis } from "ioredis";

const holders = ["delayed", "wait", "prioritized", "active", "paused"];

/** Of these queues those in which a job waits, or runs. One trip, whatever their number. */
export async function queuesWithJobs(redis: Redis, queues: readonly Queue[]): Promise<Queue[]> {
  if (queues.length === 0) return [];
  const pipeline = redis.pipeline();
  for (const queue of queues) pipeline.exists(...holders.map((key) => queue.toKey(key)));
  const replies = (await pipeline.exec()) ?? [];
  return queues.filter((_, index) => {
    const [error, found] = replies[index] ?? [null, 0];
    if (error !== null) throw error;
    return found !== 0;
  });
}
