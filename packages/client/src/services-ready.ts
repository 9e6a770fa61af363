import type { Engine } from "./engine.ts";

/**
 * For `/readyz`: whether Postgres and Redis answer, whether this database is the true one, and whose issuer keeps its provider waiting,
 * which holds up nobody else.
 */
export async function servicesReady({
  pool,
  queues,
  providers,
  installation,
}: Engine): Promise<Record<string, string>> {
  const [postgres, redis] = await Promise.all([answers(pool.query("SELECT 1")), answers(queues.redis.ping())]);
  const waiting = [...providers.waiting().keys()].join(", ");
  const held = await installation.standing().catch(() => null);
  return {
    ...{ postgres, redis, installation: held === null ? "ok" : `held, ${held.why}` },
    ...(waiting === "" ? {} : { issuers: `ok, but ${waiting.slice(0, 50)} waits` }),
  };
}

/** For processes that serve tokens: living ones are served while nothing is spent. */
export async function ableToServe(engine: Engine): Promise<Record<string, string>> {
  const { installation, ...services } = await servicesReady(engine);
  return { ...services, installation: installation === "ok" ? "ok" : `ok, but ${installation}` };
}

async function answers(task: Promise<unknown>): Promise<string> {
  return task.then(
    () => "ok",
    () => "does not answer",
  );
}
