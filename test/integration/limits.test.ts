import { request as ask, createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { connectRedis, createLimits, impatient, redisAt } from "@evertoken/adapters";
import { expect, test } from "vitest";
import { createRig, until } from "../support/rig.ts";
import { onFileEnd, startOwnRedis } from "../support/services.ts";
import { startApi } from "./api-harness.ts";

/** Another one than that of the clients, who are not to be believed. */
const proxyAddress = "127.0.0.9";

/** As nginx does by default: what the client says stays, and its address is added behind it. */
async function startProxy(port: number): Promise<number> {
  const server = createServer((incoming, outgoing) => {
    const stated = [incoming.headers["x-forwarded-for"], incoming.socket.remoteAddress].filter(Boolean).join(", ");
    const headers = { ...incoming.headers, "x-forwarded-for": stated };
    const place = { port, host: "127.0.0.1", localAddress: proxyAddress };
    const onward = ask({ ...place, method: incoming.method, path: incoming.url, headers }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(outgoing);
    });
    incoming.pipe(onward);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onFileEnd(() => new Promise<void>((resolve) => server.close(() => resolve())));
  return (server.address() as AddressInfo).port;
}

const dashboard = {
  DASHBOARD_PASSWORD: "a password of the operator",
  SESSION_SECRET: "a secret of thirty-two characters",
  DASHBOARD_PORT: "0",
};

/** Guesses passwords, each from "another address", the last of them right. @returns the statuses */
async function guess(port: number, forged: (n: number) => Record<string, string>, tries = 120): Promise<number[]> {
  const statuses: number[] = [];
  for (let n = 0; n < tries; n++) {
    const body = new URLSearchParams({
      name: "operator",
      password: n === tries - 1 ? dashboard.DASHBOARD_PASSWORD : `guess ${n}`,
    });
    const origin = `http://127.0.0.1:${port}`;
    const answer = await fetch(`${origin}/login`, {
      method: "POST",
      body,
      redirect: "manual",
      headers: { origin, ...forged(n) },
    });
    statuses.push(answer.status);
    await answer.arrayBuffer();
  }
  return statuses;
}

const forgedAddress = (n: number) => ({ "x-forwarded-for": `203.0.113.${n}` });

test.each([
  ["no proxy", {}, false],
  ["one proxy", { DASHBOARD_TRUST_PROXY: "1" }, true],
  ["a proxy by its address", { DASHBOARD_TRUST_PROXY: proxyAddress }, true],
])("120 passwords that are guessed with forged addresses are stopped, behind %s", async (_, env, proxied) => {
  const rig = await createRig({ env: dashboard });
  const { port } = await rig.start("dashboard", env);
  const statuses = await guess(proxied ? await startProxy(port) : port, forgedAddress);
  expect(statuses.filter((status) => status === 401)).toHaveLength(10);
  expect(statuses.filter((status) => status === 429)).toHaveLength(110);
});

test("nor do many addresses help against one name", async () => {
  const rig = await createRig({ env: dashboard });
  const { port } = await rig.start("dashboard", { DASHBOARD_TRUST_PROXY: "1" });
  // Whoever reaches it past the proxy: each guess comes from another address, as from a botnet.
  const statuses = await guess(port, forgedAddress);
  expect(statuses.filter((status) => status === 401)).toHaveLength(20);
  expect(statuses.filter((status) => status === 429)).toHaveLength(100);
});

test("two replicas share limits of keys, of wrong keys and of browsers", async () => {
  const env = { API_REQUESTS_PER_MINUTE: "6", API_FAILED_KEYS_PER_MINUTE: "4", PUBLIC_URL: "http://localhost" };
  const one = await startApi({ env: { ...env, API_TRUST_PROXY: "1" } });
  const other = await one.rig.start("api");
  const at = async (port: number, path: string, key?: string, address = "203.0.113.1") => {
    const headers = {
      "x-forwarded-for": address,
      ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
    };
    return (await fetch(`http://127.0.0.1:${port}${path}`, { headers, redirect: "manual" })).status;
  };
  const ports = [one.app.port, other.port];
  const { key } = await one.makeKey("connections:read");
  const asked: number[] = [];
  for (let n = 0; n < 10; n++) asked.push(await at(ports[n % 2] as number, "/v1/connections", key));
  expect(asked).toEqual([200, 200, 200, 200, 200, 200, 429, 429, 429, 429]);
  const wrong: number[] = [];
  for (let n = 0; n < 8; n++)
    wrong.push(await at(ports[n % 2] as number, "/v1/connections", `evk_${"x".repeat(42)}${n}`));
  expect(wrong).toEqual([401, 401, 401, 401, 429, 429, 429, 429]);
  const looks: number[] = [];
  const spelled = ["connect", "%63onnect", "conn%65ct"];
  for (let n = 0; n < 310; n++) looks.push(await at(ports[n % 2] as number, `/v1/${spelled[n % 3]}/callback?state=x`));
  const refused = looks.filter((status) => status === 429).length;
  // Counted in parts of three, by two processes.
  expect(refused).toBeGreaterThanOrEqual(7);
  expect(refused).toBeLessThanOrEqual(16);

  // A link and a callback of somebody at another address are as good as ever, at both replicas.
  const { body } = await one.ask("POST /v1/connect/links", { body: { user_id: "u" } });
  const link = new URL(body.url);
  for (const port of ports) {
    for (const path of [`${link.pathname}${link.search}`, "/connect/callback/acme?state=x", "/connect/go/x"]) {
      expect([path, await at(port, path)]).toEqual([path, 429]);
      expect([path, (await at(port, path, undefined, "203.0.113.2")) === 429]).toEqual([path, false]);
    }
  }
  const opened: number[] = [];
  for (let n = 0; n < 70; n++) {
    const origin = "http://localhost";
    const headers = { "x-forwarded-for": "203.0.113.3", origin, "content-type": "application/x-www-form-urlencoded" };
    const where = `http://127.0.0.1:${ports[n % 2]}/connect/open`;
    opened.push((await fetch(where, { method: "POST", headers, body: `link=${n}`, redirect: "manual" })).status);
  }
  expect(opened.filter((status) => status === 429)).toHaveLength(10);
});

test("no address, name or key stands in Redis", async () => {
  const { rig, makeKey, ask: asked } = await startApi({ env: { ...dashboard, PUBLIC_URL: "http://localhost" } });
  const { port } = await rig.start("dashboard");
  await guess(port, () => ({}), 12);
  const { key } = await makeKey("connections:read");
  await asked("GET /v1/connections", { key });
  const keys = await rig.queues.redis.keys(`{${rig.env.REDIS_PREFIX}}:limit:*`);
  expect(keys.length).toBeGreaterThanOrEqual(3);
  for (const name of keys) expect(name).not.toMatch(/127\.0|0:0:0|operator|evk_/);
});

test("while Redis is away each process counts for itself, and at once", async () => {
  const redis = await startOwnRedis();
  const connection = connectRedis(
    redisAt(redis.url),
    { ...impatient, commandTimeout: 250, enableOfflineQueue: false },
    () => {},
  );
  onFileEnd(async () => connection.disconnect());
  const limiter = createLimits({ redis: connection, prefix: "t", secret: "s" })({ name: "n", most: 3, perSeconds: 60 });
  await until("it is connected", async () => connection.status === "ready");
  const tries = async () => {
    const waits: (number | null)[] = [];
    for (let n = 0; n < 5; n++) waits.push(await limiter.take("somebody"));
    return waits.map((wait) => wait === null);
  };
  expect(await tries()).toEqual([true, true, true, false, false]);
  await redis.stop();
  const before = Date.now();
  expect(await tries()).toEqual([true, true, true, false, false]);
  expect(await limiter.look("somebody")).toBeGreaterThan(0);
  expect(await limiter.look("somebody else")).toBeNull();
  expect(Date.now() - before).toBeLessThan(1000);
});
