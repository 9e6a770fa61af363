import { answerWithin, lateConnections } from "@evertoken/adapters";
import { type Engine, openQueues, withStore } from "@evertoken/engine/internal";

/** Workers take what is due within a second; a minute is more than a busy moment. */
const lateMs = 60_000;

/** Nobody who asks waits longer than this for Redis. */
const patienceMs = 1000;

type Queued = Pick<Engine, "pool" | "providers" | "queues">;

/** Refreshes of one provider that are late by more than a minute, though nothing told them to wait. */
export interface LateRefreshes {
  readonly provider: string;
  readonly count: number;
  /** The one that is late for longest. */
  readonly connectionId: string;
  readonly dueAt: Date;
  readonly overdueSeconds: number;
  /** That is why: somebody has paused its queue. */
  readonly paused: boolean;
}

/**
 * Each provider by itself, the longest late first: that one of them is stopped says nothing about the others.
 *
 * @throws {EvertokenError} `store_unavailable`
 */
export async function lateRefreshes(engine: Queued, now: Date): Promise<LateRefreshes[]> {
  const { pool, queues } = engine;
  const rows = await withStore(() => lateConnections(pool, new Date(now.getTime() - lateMs), now));
  const paused = new Set(rows.length === 0 ? [] : ((await pausedQueues(engine)) ?? []));
  return rows.map(({ provider, late, id, due_at }) => ({
    ...{ provider, count: late, connectionId: id, dueAt: due_at },
    overdueSeconds: Math.round((now.getTime() - due_at.getTime()) / 1000),
    paused: paused.has(queues.refreshQueue(provider).name),
  }));
}

/**
 * Names of the queues that somebody has paused; null: Redis does not answer.
 *
 * @throws {EvertokenError} `store_unavailable`
 */
export async function pausedQueues(engine: Queued): Promise<string[] | null> {
  await withStore(() => openQueues(engine));
  const all = engine.queues.all().map(async (queue) => ((await queue.isPaused()) ? [queue.name] : []));
  const found = await answerWithin(patienceMs, Promise.all(all));
  return found?.flat().sort() ?? null;
}
