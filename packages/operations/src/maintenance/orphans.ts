import type { Queues } from "@evertoken/adapters";
import { markOlder, oddJobs } from "@evertoken/adapters";
import { parseJobId } from "@evertoken/core";
import type { Queue } from "bullmq";
import type { Pool } from "pg";

const batch = 5000;

/**
 * Removes delayed jobs that no connection needs: it was deleted or disconnected, or its generation moved on. A job that is ahead of its
 * connection stays: it shows that the row is old, and marks it.
 *
 * A job is removed when two searches found it so, because a generation may be committed while we look. Each search goes through
 * at most `limit` jobs of a queue and the next one goes on from there: at a million jobs that costs little every minute.
 */
export class OrphanSearch {
  readonly #pool: Pool;
  readonly #limit: number;
  readonly #cursors = new Map<string, string>();
  readonly #suspects = new Set<string>();

  constructor(pool: Pool, limit = 50_000) {
    this.#pool = pool;
    this.#limit = limit;
  }

  /** @returns how many jobs were removed */
  async search(queues: Queues): Promise<number> {
    let removed = 0;
    for (const queue of queues.all()) {
      if (queue.name.startsWith("refresh-")) removed += await this.#searchQueue(queues, queue);
    }
    return removed;
  }

  async #searchQueue({ redis }: Queues, queue: Queue): Promise<number> {
    let removed = 0;
    let cursor = this.#cursors.get(queue.name) ?? "0";
    for (let seen = 0; seen < this.#limit; seen += batch) {
      const [next, found] = await redis.zscan(queue.toKey("delayed"), cursor, "COUNT", batch);
      cursor = next;
      removed += await this.#judge(
        queue,
        found.filter((_, index) => index % 2 === 0),
      );
      if (cursor === "0") break;
    }
    this.#cursors.set(queue.name, cursor);
    return removed;
  }

  async #judge(queue: Queue, ids: readonly string[]): Promise<number> {
    const jobs = ids.map(parseJobId).filter((job) => job !== null);
    const { orphans, ahead } = await oddJobs(this.#pool, jobs);
    if (ahead.length > 0) await markOlder(this.#pool, ahead);
    let removed = 0;
    for (const id of ids) {
      if (!orphans.has(id)) {
        this.#suspects.delete(id);
      } else if (this.#suspects.delete(id)) {
        removed += await queue.remove(id);
      } else {
        this.#suspects.add(id);
      }
    }
    return removed;
  }
}
