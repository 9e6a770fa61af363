import { randomBytes } from "node:crypto";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { LocalServer } from "@evertoken/local";
import { beforeAll, expect, test } from "vitest";
import { type AppProcess, startApp } from "../support/app-process.ts";
import { until } from "../support/rig.ts";
import { onFileEnd, startOwnPostgres, startOwnRedis } from "../support/services.ts";
import { createChaosRig, expectHealthy, expectNoToken, generationReached, logged, outcomes } from "./chaos.ts";

/** One database, one key: an engine with another one refuses to start. */
const key = randomBytes(32).toString("hex");
let postgres: LocalServer;
let redis: LocalServer;
beforeAll(async () => {
  postgres = await startOwnPostgres();
  redis = await startOwnRedis();
});

const kept = "new token set kept in the spool";

/** The provider's answer is on its way, and Postgres (and whatever else) is gone before it arrives. */
async function grantInto(...away: LocalServer[]) {
  const rig = await createChaosRig({ databaseUrl: postgres.url, redisUrl: redis.url, env: { ENCRYPTION_KEY: key } });
  const worker = await rig.start("worker");
  const connection = await rig.connect();
  const gate = await rig.server.hold();
  await rig.client.scheduleNow(connection.id);
  await rig.server.holding({ id: gate });
  await Promise.all(away.map((server) => server.stop()));
  await rig.server.release(gate);
  await logged(worker, kept);
  return { rig, worker, connection, spooled: () => spoolFiles(rig.env.SPOOL_DIR as string) };
}

async function spoolFiles(directory: string): Promise<string[]> {
  const names = (await readdir(directory)).filter((name) => name.endsWith(".json"));
  return Promise.all(names.map((name) => readFile(join(directory, name), "utf8")));
}

async function expectStored({ rig, connection }: Awaited<ReturnType<typeof grantInto>>, ...apps: AppProcess[]) {
  await expectHealthy(rig, connection, 2);
  expect(await outcomes(rig, connection.id)).toEqual(["granted"]);
  expect(await rig.server.summary()).toMatchObject({ requests: 1, granted: 1 });
  await until("the spool is empty", async () => {
    const inRedis = await rig.queues.redis.hlen(`{${rig.env.REDIS_PREFIX}}:spool`);
    return inRedis === 0 && (await spoolFiles(rig.env.SPOOL_DIR as string)).length === 0;
  });
  expectNoToken(...apps.map((app) => app.output()));
}

test("the worker commits what it kept as soon as Postgres is back", async () => {
  const scene = await grantInto(postgres);
  const { rig, worker, connection } = scene;
  const inRedis = await rig.queues.redis.hvals(`{${rig.env.REDIS_PREFIX}}:spool`);
  expect(inRedis).toHaveLength(1);
  const files = await scene.spooled();
  expect(files).toHaveLength(1);
  expectNoToken(...inRedis, ...files);
  await postgres.start();
  await generationReached(rig, connection.id, 2);
  await expectStored(scene, worker);
  expect(await worker.stop()).toBe(0);
});

test("the worker is killed meanwhile: a worker elsewhere commits it from Redis", async () => {
  const scene = await grantInto(postgres);
  const { rig, worker, connection } = scene;
  await worker.stop("SIGKILL");
  await postgres.start();
  const elsewhere = await mkdtemp(join(tmpdir(), "evertoken-spool-"));
  onFileEnd(() => rm(elsewhere, { recursive: true, force: true }));
  const other = await rig.start("worker", { SPOOL_DIR: elsewhere });
  await generationReached(rig, connection.id, 2);
  // Its own copy is left to the machine where it lies: found there, it is recognized as stored.
  expect(await scene.spooled()).toHaveLength(1);
  const restarted = await rig.start("worker");
  await expectStored(scene, worker, other, restarted);
  expect(await other.stop()).toBe(0);
});

test("Redis is emptied meanwhile: the file still has it", async () => {
  const scene = await grantInto(postgres);
  const { rig, worker, connection } = scene;
  await worker.stop("SIGKILL");
  await rig.queues.redis.flushall();
  await postgres.start();
  const restarted = await rig.start("worker");
  await generationReached(rig, connection.id, 2);
  const scheduler = await rig.start("scheduler");
  await expectStored(scene, worker, restarted, scheduler);
  expect(await restarted.stop()).toBe(0);
  expect(await scheduler.stop()).toBe(0);
});

test("Redis is away too and the worker is killed: the restarted one commits from the file before Redis is back", async () => {
  const scene = await grantInto(postgres, redis);
  const { rig, worker, connection } = scene;
  const files = await scene.spooled();
  expect(files).toHaveLength(1);
  expectNoToken(...files);
  await worker.stop("SIGKILL");
  await postgres.start();
  // Not "ready" before Redis is there, so nobody waits for that here.
  const restarting = startApp("worker", rig.env);
  await generationReached(rig, connection.id, 2);
  expect(redis.pid).toBeUndefined();
  await redis.start();
  const restarted = await restarting;
  const scheduler = await rig.start("scheduler");
  await expectStored(scene, worker, restarted, scheduler);
  expect(await restarted.stop()).toBe(0);
  expect(await scheduler.stop()).toBe(0);
});

test("an app commits what it kept by itself, on a host without a worker: nobody else sees its disk", async () => {
  const rig = await createChaosRig({ databaseUrl: postgres.url, redisUrl: redis.url, env: { ENCRYPTION_KEY: key } });
  const connection = await rig.connect();
  const gate = await rig.server.hold();
  const asked = rig.client.refresh(connection.id, { force: true }).catch(() => null);
  await rig.server.holding({ id: gate });
  await Promise.all([postgres.stop(), redis.stop()]);
  await rig.server.release(gate);
  await asked;
  await until("it is kept", async () => rig.clientOutput().includes(kept));
  await postgres.start();
  await generationReached(rig, connection.id, 2);
  await redis.start();
  await expectHealthy(rig, connection, 2);
  expect(await rig.server.summary()).toMatchObject({ reuse: 0 });
});

test("a worker that is told to stop while Postgres is away leaves what it holds in the spool, and leaves in peace", async () => {
  const scene = await grantInto(postgres);
  const { rig, worker, connection } = scene;
  expect(await worker.stop()).toBe(0);
  expect(await scene.spooled()).toHaveLength(1);
  await postgres.start();
  const restarted = await rig.start("worker");
  await generationReached(rig, connection.id, 2);
  await expectStored(scene, worker, restarted);
  expect(await restarted.stop()).toBe(0);
});
