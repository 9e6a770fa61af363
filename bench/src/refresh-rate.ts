import { setTimeout as sleep } from "node:timers/promises";
import { bareLoop } from "./bare-loop.ts";
import { type Ground, openGround, provider, seed } from "./ground.ts";
import { usageOf } from "./process-tree.ts";
import { startWorker } from "./worker-process.ts";

interface Measured {
  readonly perSecond: number;
  /** Of the process that refreshes, as Linux accounts for it: a rate also depends on who else is busy. */
  readonly cpuMsEach: number;
}

/** T1: refreshes per second, end to end, and the CPU of each, beside two bare loops in the same run: with a statement for each row, and sharing them. */
export async function measureRefreshRate(count: number, latencyMs: number, concurrency: number): Promise<object> {
  const ground = await openGround();
  try {
    await ground.server.configure({ latencyMs });
    const bare = await bareRate(ground, count, concurrency, "one each");
    const bareShared = await bareRate(ground, count, concurrency, "shared");
    const evertoken = await drain(ground, count, concurrency);
    return rounded({
      ...{ latencyMs, bare: bare.perSecond, bareShared: bareShared.perSecond, evertoken: evertoken.perSecond },
      ...{ ratio: evertoken.perSecond / bare.perSecond, ratioShared: evertoken.perSecond / bareShared.perSecond },
      ...{ bareCpuMs: bare.cpuMsEach, bareSharedCpuMs: bareShared.cpuMsEach, evertokenCpuMs: evertoken.cpuMsEach },
    });
  } finally {
    await ground.close();
  }
}

async function bareRate(
  ground: Ground,
  count: number,
  concurrency: number,
  statements: "one each" | "shared",
): Promise<Measured> {
  const seeded = await seed(ground, count, () => 0);
  const before = process.cpuUsage();
  const perSecond = await bareLoop(ground, seeded, concurrency, statements);
  const { user, system } = process.cpuUsage(before);
  await ground.pool.query("TRUNCATE connections, connection_terms, token_refresh_log CASCADE");
  return { perSecond, cpuMsEach: (user + system) / 1000 / count };
}

const rounded = (result: Readonly<Record<string, number>>) =>
  Object.fromEntries(Object.entries(result).map(([name, value]) => [name, Number(value.toPrecision(3))]));

async function drain(ground: Ground, count: number, concurrency: number): Promise<Measured> {
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
  const before = usageOf(worker.pid).cpuSeconds;
  await queue.resume();
  const started = performance.now();
  // Looking costs as well: seldom while far away.
  for (let finished = 0; finished < count; ) {
    await sleep(finished < count * 0.9 ? 1000 : 100);
    finished = await done();
  }
  const perSecond = count / ((performance.now() - started) / 1000);
  const cpuMsEach = ((usageOf(worker.pid).cpuSeconds - before) * 1000) / count;
  await worker.stop();
  const { granted, reuse } = await ground.server.summary();
  if (reuse > 0 || granted < count) throw new Error(`granted ${granted} of ${count}, reused ${reuse}`);
  return { perSecond, cpuMsEach };
}
