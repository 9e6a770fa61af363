import type { Engine } from "./engine.ts";

/** For `/readyz`: whether Postgres and Redis answer. */
export async function servicesReady({ pool, queues }: Engine): Promise<Record<string, string>> {
  const [postgres, redis] = await Promise.all([answers(pool.query("SELECT 1")), answers(queues.redis.ping())]);
  return { postgres, redis };
}

async function answers(task: Promise<unknown>): Promise<string> {
  return task.then(
    () => "ok",
    () => "does not answer",
  );
}
