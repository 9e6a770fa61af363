import { OrphanSearch, reconcile } from "@evertoken/operations";
import { type Ground, openGround, seed } from "./ground.ts";

/** T3: what many connections cost in Redis, how long all take to come back after FLUSHALL, and a reconcile that finds nothing. */
export async function measureScale(connections: number) {
  const ground = await openGround();
  try {
    await seed(ground, connections, (index) => 3_600_000 + (index % 3600) * 1000);
    const { redis } = ground.queues;
    await redis.flushall();
    const empty = await usedMemory(ground);
    const rebuilt = await timed(() => run(ground));
    if (rebuilt.result.scheduled !== connections) throw new Error(`scheduled ${rebuilt.result.scheduled}`);
    const bytesEach = ((await usedMemory(ground)) - empty) / connections;
    const idle = await timed(() => run(ground));
    if (idle.result.scheduled + idle.result.corrected > 0) throw new Error("a reconcile found work that was not there");
    return {
      connections,
      bytesEach: Math.round(bytesEach),
      rebuildSeconds: rebuilt.seconds,
      idleReconcileSeconds: idle.seconds,
    };
  } finally {
    await ground.close();
  }
}

function run({ pool, queues }: Ground) {
  const now = () => new Date();
  return reconcile({
    pool,
    queues,
    orphans: new OrphanSearch(pool),
    now,
    overdueSpreadMs: 60_000,
    deriving: [],
    whole: true,
  });
}

async function timed<T>(task: () => Promise<T>): Promise<{ result: T; seconds: number }> {
  const started = performance.now();
  const result = await task();
  return { result, seconds: Math.round((performance.now() - started) / 10) / 100 };
}

async function usedMemory({ queues }: Ground): Promise<number> {
  return Number(/used_memory:(\d+)/.exec(await queues.redis.info("memory"))?.[1]);
}
