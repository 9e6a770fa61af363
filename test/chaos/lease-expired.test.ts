import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { until } from "../support/rig.ts";
import { onFileEnd } from "../support/services.ts";
import { createChaosRig, expectHealthy, expectNoToken, generationReached, logged, outcomes, proxyTo } from "./chaos.ts";

test("an owner that is alive but cut off commits what it holds while its lease is only announced as abandoned", async () => {
  const rig = await createChaosRig({ env: { LEASE_TAKEOVER_MS: "6000" } });
  const postgres = await proxyTo(rig.env.DATABASE_URL as string);
  const redis = await proxyTo(rig.env.REDIS_URL as string);
  const ownSpool = await mkdtemp(join(tmpdir(), "evertoken-spool-"));
  onFileEnd(() => rm(ownSpool, { recursive: true, force: true }));
  const owner = await rig.start("worker", { DATABASE_URL: postgres.url, REDIS_URL: redis.url, SPOOL_DIR: ownSpool });
  const connection = await rig.connect();
  const gate = await rig.server.hold();
  await rig.client.scheduleNow(connection.id);
  await rig.server.holding({ id: gate });
  for (const { proxy } of [postgres, redis]) {
    await proxy.refuse();
    proxy.cut();
  }
  await rig.server.release(gate);
  await logged(owner, "new token set kept in the spool");

  const other = await rig.start("worker");
  const leaseOwner = async () => String((await rig.row(connection.id)).lease_owner);
  await until("the lease is announced as abandoned", async () => (await leaseOwner()).startsWith("takeover:"), 20_000);
  expect((await rig.row(connection.id)).generation).toBe(1);
  await postgres.proxy.resume();
  await redis.proxy.resume();

  await generationReached(rig, connection.id, 2);
  await expectHealthy(rig, connection, 2);
  await until(
    "the other one found nothing to do",
    async () => (await rig.job(connection))?.state === "completed",
    20_000,
  );
  expect(await outcomes(rig, connection.id)).toEqual(["granted"]);
  expect(await rig.server.summary()).toMatchObject({ requests: 1, granted: 1 });
  expect(await owner.stop()).toBe(0);
  expect(await other.stop()).toBe(0);
  expectNoToken(owner.output(), other.output());
});
