import { answerWithin, oldestDelayed } from "@evertoken/adapters";
import type { Engine } from "@evertoken/engine/internal";
import type { Queue } from "bullmq";

export interface QueueStanding {
  readonly name: string;
  readonly waiting: number;
  readonly active: number;
  readonly delayed: number;
  readonly failed: number;
  readonly paused: boolean;
  /** ms for which a limit of the provider holds the queue up; 0: none. */
  readonly limitedMs: number;
  /** When the first of the delayed ones is due. */
  readonly nextDueAt: Date | null;
}

/** Pages wait no longer for Redis: they have enough to show without it. */
const patienceMs = 1000;

/** All queues, by name; null: Redis does not answer. */
export async function queueStandings({ queues }: Engine): Promise<readonly QueueStanding[] | null> {
  const all = Promise.all(queues.all().map((queue) => standingOf(queues.redis, queue)));
  const standings = await answerWithin(patienceMs, all);
  return standings?.sort((a, b) => a.name.localeCompare(b.name)) ?? null;
}

async function standingOf(redis: Engine["queues"]["redis"], queue: Queue): Promise<QueueStanding> {
  const [counts, paused, limitedMs, nextDueAt] = await Promise.all([
    queue.getJobCounts("wait", "prioritized", "active", "delayed", "failed"),
    queue.isPaused(),
    queue.getRateLimitTtl(),
    oldestDelayed(redis, queue),
  ]);
  const { wait = 0, prioritized = 0, active = 0, delayed = 0, failed = 0 } = counts;
  return {
    ...{ name: queue.name, waiting: wait + prioritized, active, delayed, failed, paused, nextDueAt },
    limitedMs: Math.max(0, limitedMs),
  };
}
