import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { until } from "../support/rig.ts";
import { startOwnRedis } from "../support/services.ts";
import { createChaosRig, expectHealthy, expectNoToken } from "./chaos.ts";

const outageMs = 20_000;

test("Redis is gone for 20 s: reads go on, refreshes resume by themselves, nothing is spent twice", async () => {
  const redis = await startOwnRedis();
  const rig = await createChaosRig({ redisUrl: redis.url });
  const worker = await rig.start("worker");
  const scheduler = await rig.start("scheduler");
  const fresh = await rig.connect();
  const stale = await rig.connect({ expiresIn: 14 });
  // Due during the outage; nobody asks for them.
  const due = await Promise.all(Array.from({ length: 20 }, () => rig.connect({ expiresIn: 10 })));

  await redis.stop();
  const stopped = Date.now();
  let reads = 0;
  let slowestMs = 0;
  while (Date.now() - stopped < outageMs) {
    for (const { id } of [fresh, stale]) {
      const asked = Date.now();
      const token = await rig.client.getAccessToken(id, { minTtlSeconds: 0 });
      expect(token).toMatchObject({ connectionId: id, warning: null });
      slowestMs = Math.max(slowestMs, Date.now() - asked);
      reads++;
    }
    await sleep(100);
  }
  expect(reads).toBeGreaterThan(100);
  expect(slowestMs).toBeLessThan(5000);
  // The stale one was refreshed inline, without Redis; the others wait for their jobs.
  expect(await rig.row(stale.id)).toMatchObject({ generation: 2, status: "connected" });
  expect(await rig.server.summary()).toMatchObject({ requests: 1, granted: 1 });

  await redis.start();
  const back = Date.now();
  const moved = async () =>
    (await Promise.all(due.map(({ id }) => rig.row(id)))).every(({ generation }) => generation === 2);
  await until("all that fell due are refreshed", moved, 20_000);
  const resumedMs = Date.now() - back;
  for (const connection of due) await expectHealthy(rig, connection, 2);
  expect(await rig.server.summary()).toMatchObject({ requests: 21, granted: 21, repeated: 0, overlapping: 0 });
  console.log(
    `redis-stopped: ${reads} reads, slowest ${slowestMs} ms; all 20 refreshed ${resumedMs} ms after its return`,
  );
  expect(await worker.stop()).toBe(0);
  expect(await scheduler.stop()).toBe(0);
  expectNoToken(worker.output(), scheduler.output());
});
