import { expect, test } from "vitest";
import { until } from "../support/rig.ts";
import { startOwnRedis } from "../support/services.ts";
import { createChaosRig, expectNoToken, logged } from "./chaos.ts";
import { insertConnections } from "./insert-connections.ts";

const count = 10_000;
const overdueCount = 500;
const spreadMs = 8000;
const hourMs = 3_600_000;

test("FLUSHALL with 10,000 connections: the scheduler brings all jobs back, one each, the overdue ones spread, pauses too", async () => {
  const redis = await startOwnRedis();
  const rig = await createChaosRig({ redisUrl: redis.url, env: { OVERDUE_SPREAD_MS: String(spreadMs) } });
  const queue = rig.queues.refreshQueue(rig.provider);
  // One that is spread to this very moment does not wait for its time.
  const living = ["delayed", "prioritized", "wait"] as const;
  const jobCount = async () => Object.values(await queue.getJobCounts(...living)).reduce((a, b) => a + b, 0);
  // So late that a sweep would bring them forward, if they were not on their way.
  const overdueSince = new Date(Date.now() - 60_000);
  const soon = Date.now() + hourMs;
  const connections = await insertConnections(rig, count, (index) =>
    index < overdueCount ? overdueSince : new Date(soon + index * 100),
  );

  // A scheduler that starts on an empty Redis, then one that runs while Redis is emptied.
  const scheduler = await rig.start("scheduler", { RECONCILE_CRON: "*/2 * * * * *" });
  await until("all jobs are there", async () => (await jobCount()) === count, 30_000);
  // The sweep finds 500 that are a minute late, and lets them come at the times to which they were just spread.
  await logged(scheduler, "sweep done");
  expect((await queue.getJobCounts("delayed")).delayed).toBeGreaterThan(count - overdueCount / 10);
  await queue.pause();
  const remembered = () => rig.pool.query("SELECT 1 FROM queue_states WHERE queue = $1 AND paused", [queue.name]);
  await until("the pause is remembered", async () => (await remembered()).rowCount === 1);

  await rig.queues.redis.flushall();
  const flushedAt = Date.now();
  await until("all jobs are back", async () => (await jobCount()) === count, 30_000);
  const backAfterMs = Date.now() - flushedAt;
  await until("the queue is paused again", () => queue.isPaused());

  const found = await queue.getJobs([...living], 0, -1);
  const jobs = new Map(found.map((job) => [job.id as string, job.timestamp + job.delay]));
  expect(found).toHaveLength(count);
  expect([...jobs.keys()].sort()).toEqual(connections.map(({ id }) => `${id}-1`).sort());
  expect(await queue.getJobCounts("active", "completed", "failed")).toEqual({ active: 0, completed: 0, failed: 0 });
  const overdue = connections.slice(0, overdueCount).map(({ id }) => (jobs.get(`${id}-1`) as number) - flushedAt);
  expect(Math.min(...overdue)).toBeGreaterThanOrEqual(0);
  expect(Math.max(...overdue)).toBeLessThanOrEqual(backAfterMs + spreadMs);
  expect(Math.max(...overdue) - Math.min(...overdue)).toBeGreaterThan(spreadMs * 0.8);
  for (const { id, dueAt } of connections.slice(overdueCount)) {
    expect(Math.abs((jobs.get(`${id}-1`) as number) - dueAt.getTime())).toBeLessThanOrEqual(2000);
  }
  console.log(`redis-emptied: ${count} jobs back ${backAfterMs} ms after FLUSHALL`);

  // Paused means paused; resumed, exactly the overdue ones are refreshed, each once.
  const worker = await rig.start("worker");
  expect(await rig.server.summary()).toMatchObject({ requests: 0 });
  await queue.resume();
  const refreshed = async () => (await rig.server.summary()).granted >= overdueCount;
  await until("the overdue ones are refreshed", refreshed, 20_000);
  await until("all of them are stored", async () => {
    const { rows } = await rig.pool.query("SELECT count(*)::int AS n FROM connections WHERE generation = 2");
    return rows[0].n === overdueCount;
  });
  await until("exactly one job each", async () => (await jobCount()) === count);
  expect(await rig.server.summary()).toMatchObject({ requests: overdueCount, granted: overdueCount, repeated: 0 });
  expect(await worker.stop()).toBe(0);
  expect(await scheduler.stop()).toBe(0);
  expectNoToken(worker.output(), scheduler.output());
});
