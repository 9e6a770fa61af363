import type { Queues } from "@evertoken/adapters";
import type { Pool } from "pg";

/**
 * Pauses live in Redis only. While Redis is known to be the one we wrote a marker into, what it says is remembered in Postgres; when
 * the marker is gone, Redis was emptied, and what was remembered is restored.
 *
 * @returns how many queues were paused again
 */
export async function restorePauses(pool: Pool, queues: Queues): Promise<number> {
  const { redis } = queues;
  let restored = 0;
  for (const queue of queues.all()) {
    const marker = queue.toKey("evertoken-marker");
    // One transaction: emptied between two reads, Redis would say "not paused" while it still seemed to be the one we marked.
    const [marked, paused] = await redis
      .multi()
      .exists(marker)
      .hexists(queue.toKey("meta"), "paused")
      .exec()
      .then(values);
    if (marked === 1) {
      await remember(pool, queue.name, paused === 1);
    } else {
      if (await wasPaused(pool, queue.name)) {
        await queue.pause();
        restored++;
      }
      await redis.set(marker, "1");
    }
  }
  return restored;
}

function values(replies: readonly [Error | null, unknown][] | null): unknown[] {
  if (replies === null) throw new Error("Redis gave up the transaction");
  return replies.map(([error, value]) => {
    if (error !== null) throw error;
    return value;
  });
}

async function remember(pool: Pool, queue: string, paused: boolean): Promise<void> {
  await pool.query({
    name: "queue-state-remember",
    text: `INSERT INTO queue_states (queue, paused) VALUES ($1, $2)
      ON CONFLICT (queue) DO UPDATE SET paused = excluded.paused, updated_at = now() WHERE queue_states.paused <> excluded.paused`,
    values: [queue, paused],
  });
}

async function wasPaused(pool: Pool, queue: string): Promise<boolean> {
  const { rows } = await pool.query("SELECT 1 FROM queue_states WHERE queue = $1 AND paused", [queue]);
  return rows.length > 0;
}
