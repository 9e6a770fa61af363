import type { Engine } from "./engine.ts";

/** For `/readyz`: whether Postgres and Redis answer, and whose issuer keeps its provider waiting, which holds up nobody else. */
export async function servicesReady({ pool, queues, providers }: Engine): Promise<Record<string, string>> {
  const [postgres, redis] = await Promise.all([answers(pool.query("SELECT 1")), answers(queues.redis.ping())]);
  const waiting = [...providers.waiting().keys()].join(", ");
  return { postgres, redis, ...(waiting === "" ? {} : { issuers: `ok, but ${waiting.slice(0, 50)} waits` }) };
}

async function answers(task: Promise<unknown>): Promise<string> {
  return task.then(
    () => "ok",
    () => "does not answer",
  );
}
