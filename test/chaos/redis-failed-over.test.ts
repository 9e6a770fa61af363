import { createEvertoken } from "@evertoken/engine";
import { Redis } from "ioredis";
import { expect, test } from "vitest";
import { runTask } from "../support/drive.ts";
import { createRig, hasty, until } from "../support/rig.ts";
import { onFileEnd, startOwnRedis } from "../support/services.ts";
import { expectHealthy, generationReached, proxyTo } from "./chaos.ts";

const ready = async (port: number) => {
  const answer = await fetch(`http://127.0.0.1:${port}/readyz`);
  return { status: answer.status, body: await answer.text() };
};

test("a primary becomes a replica while connections stand: they are made anew, and scheduled refreshing goes on", async () => {
  const [first, second] = await Promise.all([startOwnRedis(), startOwnRedis()]);
  const [one, other] = [first, second].map(({ url }) => new Redis(url));
  if (one === undefined || other === undefined) throw new Error("there are two");
  onFileEnd(async () => {
    one.disconnect();
    other.disconnect();
  });
  await other.replicaof("127.0.0.1", first.port);
  const { proxy, url } = await proxyTo(first.url);
  const rig = await createRig({ redisUrl: url, env: { ...hasty, RECONCILE_CRON: "0 0 1 1 *" } });
  const client = createEvertoken({ settings: rig.env });
  onFileEnd(() => client.close());
  const worker = await rig.start("worker");
  const scheduler = await rig.start("scheduler");
  const api = await rig.start("api", { EVERTOKEN_API_KEY: "k".repeat(40) });
  const before = await rig.connect({ expiresIn: 1 });
  await generationReached(rig, before.id, 2);
  const due = await rig.connect({ expiresIn: 8 });
  await until("the replica has all", async () => (await other.info("replication")).includes("master_link_status:up"));
  await one.wait(1, 1000);

  // The replica is promoted; the old primary follows it, and keeps its connections.
  await other.replicaof("NO", "ONE");
  await one.replicaof("127.0.0.1", second.port);
  await until("the old primary refuses", () =>
    one.set("x", "1").then(
      () => false,
      () => true,
    ),
  );
  await until("the worker says so", async () => (await ready(worker.port)).status === 503);
  expect((await ready(api.port)).body).toContain("redis");
  proxy.retarget(second.port);

  await generationReached(rig, due.id, 2, 25_000);
  await expectHealthy(rig, due, 2);
  for (const { port } of [worker, scheduler, api]) {
    await until("it is ready again", async () => (await ready(port)).status === 200, 15_000);
  }
  const asked = await rig.connect();
  await client.scheduleNow(asked.id);
  await generationReached(rig, asked.id, 2);
  await runTask(rig, "sweep");
  expect(await rig.server.summary()).toMatchObject({ reuse: 0, repeated: 0 });
  for (const app of [worker, scheduler, api]) expect(await app.stop()).toBe(0);
  expect(worker.lines().length).toBeLessThan(300);
  expect(worker.output()).not.toContain("MaxListenersExceededWarning");
});
