import { Redis } from "ioredis";
import { expect, test } from "vitest";
import { runInProcess } from "../e2e/evertoken-command.ts";
import type { AppName } from "../support/app-process.ts";
import { patch } from "../support/drive.ts";
import { createRig, type Env, hasty, type Rig, until } from "../support/rig.ts";
import { onFileEnd, startOwnRedis } from "../support/services.ts";
import { startTcpProxy } from "../support/tcp-proxy.ts";

const secrets: Env = {
  EVERTOKEN_API_KEY: "k".repeat(40),
  DASHBOARD_PASSWORD: "a long password",
};
const apps: readonly AppName[] = ["worker", "scheduler", "api", "dashboard"];

async function serve(conf: Record<string, string> = {}) {
  const server = await startOwnRedis(conf);
  const redis = new Redis(server.url);
  onFileEnd(async () => redis.disconnect());
  return { server, redis, url: server.url };
}

const withUser = (url: string, user: string) => url.replace("redis://", `redis://${user}:secret@`);

async function doctor(rig: Rig, env: Env = {}) {
  const { stdout } = await runInProcess(["doctor", "--json"], { env: { ...rig.env, ...env } });
  const { findings } = JSON.parse(stdout) as {
    findings: { check: string; result: string; detail: string; advice: string }[];
  };
  return findings.filter(({ check }) => check === "redis");
}

test("a user without INFO and CONFIG: all goes well, and what could not be checked is said", async () => {
  const { redis, url } = await serve();
  await redis.acl("SETUSER", "app", "on", ">secret", "~{t*", "&*", "+@all", "-@dangerous");
  const rig = await createRig({ redisUrl: withUser(url, "app"), env: hasty });
  const worker = await rig.start("worker");
  const scheduler = await rig.start("scheduler");
  const { id } = await rig.connect({ expiresIn: 1 });
  await until("it is refreshed", async () => (await rig.row(id)).generation >= 2);
  expect(worker.output()).toContain("could not be read");
  expect(await doctor(rig)).toMatchObject([
    {
      result: "warn",
      detail: expect.stringContaining("could not be read: maxmemory-policy"),
      advice: expect.stringContaining("+info +config|get"),
    },
  ]);
  for (const app of [worker, scheduler]) expect(await app.stop()).toBe(0);
});

test("a node of a cluster: everything refuses it, and says what to use", async () => {
  const { redis, url } = await serve({ "cluster-enabled": "yes" });
  await redis.cluster("ADDSLOTSRANGE" as "ADDSLOTS", 0, 8191);
  await redis.config("SET", "cluster-require-full-coverage", "no");
  const rig = await createRig({ redisUrl: url });
  const reason = /ended with 1[\s\S]*is a node of a Redis Cluster: begin REDIS_URL with redis\+cluster:/;
  await Promise.all(apps.map((app) => expect(rig.start(app, secrets)).rejects.toThrow(reason)));
  expect(await doctor(rig)).toMatchObject([{ result: "fail", detail: "Redis is a node of a Redis Cluster" }]);
});

test("a Redis that becomes another kind while all runs is told of, once a minute", async () => {
  const [plain, cluster] = await Promise.all([serve(), serve({ "cluster-enabled": "yes" })]);
  const proxy = await startTcpProxy({ targetPort: plain.server.port });
  onFileEnd(() => proxy.stop());
  const rig = await createRig({ redisUrl: `redis://127.0.0.1:${proxy.port}`, env: { ...hasty, LOG_LEVEL: "info" } });
  const worker = await rig.start("worker");
  const before = worker.lines().length;
  proxy.retarget(cluster.server.port);
  proxy.cut();
  await until("it is told", async () => worker.output().includes("is a node of a Redis Cluster"));
  await new Promise((resolve) => setTimeout(resolve, 2000)); // for what must not come
  expect(worker.lines().length - before).toBeLessThan(50);
  const ready = await fetch(`http://127.0.0.1:${worker.port}/readyz`);
  expect({ status: ready.status, body: await ready.text() }).toEqual({
    status: 503,
    body: expect.stringContaining("node of a cluster"),
  });
  expect(await worker.stop()).toBe(0);
});

test("a wrong password and a missing right are named, and refused by what lives from the queue", async () => {
  const { redis, url } = await serve();
  await redis.acl("SETUSER", "reader", "on", ">secret", "~*", "&*", "+@read", "+@connection", "+info");
  const rig = await createRig({ redisUrl: url });
  const wrong = { REDIS_URL: withUser(url, "nobody") };
  const reader = { REDIS_URL: withUser(url, "reader") };
  for (const app of ["worker", "scheduler"] as const) {
    await expect(rig.start(app, wrong)).rejects.toThrow(/ended with 1[\s\S]*refuses the user or the password/);
    await expect(rig.start(app, reader)).rejects.toThrow(/ended with 1[\s\S]*does not let this user do what is needed/);
  }
  expect(await doctor(rig, wrong)).toMatchObject([
    { result: "fail", detail: "Redis refuses the user or the password" },
  ]);
  expect(await doctor(rig, reader)).toMatchObject([{ result: "fail", advice: expect.stringContaining("+@all") }]);
  // Tokens are served without Redis.
  const api = await rig.start("api", { ...secrets, ...wrong });
  const ready = await fetch(`http://127.0.0.1:${api.port}/readyz`);
  expect(await ready.json()).toMatchObject({ checks: { redis: "refuses user or password" } });
  expect(api.output()).not.toContain("secret@");
  expect(await api.stop()).toBe(0);
});

test("a replica, and one that is full, take no writes: doctor and readiness say so", async () => {
  const [primary, replica] = await Promise.all([serve(), serve()]);
  const rig = await createRig({ redisUrl: primary.url, env: hasty });
  const worker = await rig.start("worker");
  await replica.redis.replicaof("127.0.0.1", primary.server.port);
  await until("it refuses", () =>
    replica.redis.set("x", "1").then(
      () => false,
      () => true,
    ),
  );
  expect(await doctor(rig, { REDIS_URL: replica.url })).toMatchObject([
    { result: "fail", detail: "Redis is a replica, and takes no writes" },
  ]);
  await primary.redis.config("SET", "maxmemory", "1");
  expect(await doctor(rig)).toMatchObject([{ result: "fail", detail: "Redis is out of memory, and takes no writes" }]);
  const ready = await fetch(`http://127.0.0.1:${worker.port}/readyz`);
  expect(await ready.json()).toMatchObject({ ready: false, checks: { redis: "is out of memory" } });
  await primary.redis.config("SET", "maxmemory", "0");
  const { id } = await rig.connect();
  await patch(rig, id, "next_refresh_at = now()");
  await rig.client.scheduleNow(id);
  await until("it goes on", async () => (await rig.row(id)).generation === 2);
  expect(await worker.stop()).toBe(0);
});
