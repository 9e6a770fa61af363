import { expect, test } from "vitest";
import { until } from "../support/rig.ts";
import { onFileEnd } from "../support/services.ts";
import { startTcpProxy } from "../support/tcp-proxy.ts";
import { createChaosRig, expectHealthy, expectNoToken, generationReached, logged, proxyTo } from "./chaos.ts";

/** A query is given up after 10 s; a second wait for the same silence would cost as much again. */
const longestMs = 14_000;

test.concurrent("Postgres falls silent: what was granted meanwhile is kept before its lease ends, and stored when Postgres is back", async () => {
  const rig = await createChaosRig({ env: { LEASE_MS: "40000", REQUEST_TIMEOUT_MS: "5000" } });
  const { proxy, url } = await proxyTo(rig.env.DATABASE_URL as string);
  const worker = await rig.start("worker", { DATABASE_URL: url });
  const connections = await Promise.all(Array.from({ length: 10 }, () => rig.connect()));
  const gate = await rig.server.hold();
  await Promise.all(connections.map(({ id }) => rig.client.scheduleNow(id)));
  await rig.server.holding({ id: gate, atLeast: connections.length });
  const silentAt = Date.now();
  proxy.swallow();
  await rig.server.release(gate);
  await logged(worker, "kept in the spool", longestMs);
  expect(await rig.queues.redis.hlen(`{${rig.env.REDIS_PREFIX}}:spool`)).toBeGreaterThan(0);
  await until("all are in the spool", async () => {
    return (await rig.queues.redis.hlen(`{${rig.env.REDIS_PREFIX}}:spool`)) === connections.length;
  });
  console.log(`half-open: all kept ${Date.now() - silentAt} ms after Postgres fell silent`);
  expect(await rig.row(connections[0]?.id as string)).toMatchObject({ generation: 1 });
  await proxy.resume();
  const back = Date.now();
  for (const { id } of connections) await generationReached(rig, id, 2, 30_000);
  console.log(`half-open: all stored ${Date.now() - back} ms after Postgres answered again`);
  for (const connection of connections) await expectHealthy(rig, connection, 2);
  expect(await rig.server.summary()).toMatchObject({ requests: 10, granted: 10 });
  expect(await worker.stop()).toBe(0);
  expectNoToken(worker.output());
}, 120_000);

test.concurrent("Redis is behind connections that swallow everything and never end: they are given up for new ones", async () => {
  const rig = await createChaosRig();
  const { proxy, url } = await proxyTo(rig.env.REDIS_URL as string);
  const worker = await rig.start("worker", { REDIS_URL: url });
  const connections = await Promise.all(Array.from({ length: 10 }, () => rig.connect({ expiresIn: 6 })));
  // These stay silent for good and nobody resets them; new ones, at the same address, are healthy.
  const dead = proxy.connections();
  proxy.swallow();
  await proxy.refuse();
  const healthy = await startTcpProxy({
    targetPort: Number(new URL(rig.env.REDIS_URL as string).port),
    port: proxy.port,
  });
  onFileEnd(() => healthy.stop());
  const silentAt = Date.now();
  await until(
    "all are refreshed",
    async () => (await Promise.all(connections.map(({ id }) => rig.row(id)))).every((row) => row.generation === 2),
    40_000,
  );
  console.log(`half-open: ${dead} dead connections to Redis, all refreshed after ${Date.now() - silentAt} ms`);
  for (const connection of connections) await expectHealthy(rig, connection, 2);
  expect(await rig.server.summary()).toMatchObject({ requests: 10, granted: 10, repeated: 0, overlapping: 0 });
  expect(await worker.stop()).toBe(0);
  expectNoToken(worker.output());
}, 120_000);
