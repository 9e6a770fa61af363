import { parseJobId } from "@evertoken/core";
import type { Queue } from "bullmq";
import type { Pool } from "pg";
import { markOlder } from "../store/newer-generations.ts";
import type { Queues } from "./queues.ts";

const batch = 5000;

/** Compares all refresh jobs with their rows, and marks those that are older than their job. @returns how many there are */
export async function markJobsAhead(pool: Pool, queues: Queues): Promise<{ jobs: number; older: number }> {
  const report = { jobs: 0, older: 0 };
  for (const queue of queues.all()) {
    if (!queue.name.startsWith("refresh-")) continue;
    for await (const ids of jobIds(queues, queue)) {
      const seen = ids.map(parseJobId).filter((job) => job !== null);
      report.jobs += seen.length;
      report.older += await markOlder(pool, seen);
    }
  }
  return report;
}

/** Of all jobs that are still to run, or running. */
async function* jobIds({ redis }: Queues, queue: Queue): AsyncGenerator<string[]> {
  for (let cursor = "0"; ; ) {
    const [next, found] = await redis.zscan(queue.toKey("delayed"), cursor, "COUNT", batch);
    yield found.filter((_, index) => index % 2 === 0);
    cursor = next;
    if (cursor === "0") break;
  }
  yield await redis.zrange(queue.toKey("prioritized"), 0, -1);
  for (const list of ["wait", "active", "paused"]) yield await redis.lrange(queue.toKey(list), 0, -1);
}
