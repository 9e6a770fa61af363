import { setTimeout as sleep } from "node:timers/promises";
import { bareLoop } from "./bare-loop.ts";
import { type Ground, openGround, provider, seed } from "./ground.ts";
import { startWorker } from "./worker-process.ts";

export interface RateResult {
  readonly latencyMs: number;
  /** A statement for each row. */
  readonly bare: number;
  /** Statements shared as Evertoken does. */
  readonly bareShared: number;
  readonly evertoken: number;
  readonly ratio: number;
  readonly ratioShared: number;
}

/** T1: refreshes per second, end to end, beside a bare loop in the same run. */
export async function measureRefreshRate(count: number, latencyMs: number, concurrency: number): Promise<RateResult> {
  const ground = await openGround();
  try {
    await ground.server.configure({ latencyMs });
    const bare = await bareRate(ground, count, concurrency, "one each");
    const bareShared = await bareRate(ground, count, concurrency, "shared");
    const evertoken = await drain(ground, count, concurrency);
    const ratios = { ratio: evertoken / bare, ratioShared: evertoken / bareShared };
    return rounded({ latencyMs, bare, bareShared, evertoken, ...ratios });
  } finally {
    await ground.close();
  }
}

async function bareRate(ground: Ground, count: number, concurrency: number, statements: "one each" | "shared") {
  const rate = await bareLoop(ground, await seed(ground, count, () => 0), concurrency, statements);
  await ground.pool.query("TRUNCATE connections, connection_terms, token_refresh_log CASCADE");
  return rate;
}

const rounded = (result: RateResult): RateResult =>
  Object.fromEntries(
    Object.entries(result).map(([name, value]) => [name, Number(value.toPrecision(3))]),
  ) as unknown as RateResult;

async function drain(ground: Ground, count: number, concurrency: number): Promise<number> {
  const seeded = await seed(ground, count, () => 0);
  const queue = ground.queues.refreshQueue(provider);
  await queue.pause();
  const dueAt = new Date();
  for (let i = 0; i < seeded.length; i += 1000) {
    await ground.queues.addBulk(
      provider,
      seeded.slice(i, i + 1000).map(({ id }) => ({ id, provider, generation: 1, dueAt })),
    );
  }
  const worker = await startWorker({ ...ground.env, REFRESH_CONCURRENCY: String(concurrency) });
  const done = async () =>
    (await ground.pool.query("SELECT count(*)::int AS n FROM token_refresh_log")).rows[0].n as number;
  await queue.resume();
  const started = performance.now();
  // Looking costs as well: seldom while far away.
  for (let finished = 0; finished < count; ) {
    await sleep(finished < count * 0.9 ? 1000 : 100);
    finished = await done();
  }
  const rate = count / ((performance.now() - started) / 1000);
  await worker.stop();
  const { granted, reuse } = await ground.server.summary();
  if (reuse > 0 || granted < count) throw new Error(`granted ${granted} of ${count}, reused ${reuse}`);
  return rate;
}
