import { afterEach, expect, test } from "vitest";
import { type HealthServer, type HealthServerDeps, startHealthServer } from "./health-server.ts";

const running: HealthServer[] = [];
afterEach(async () => {
  for (const server of running.splice(0)) await server.close();
});

async function setup(deps: Partial<HealthServerDeps> = {}) {
  const server = await startHealthServer({
    host: "127.0.0.1",
    port: 0,
    alive: () => true,
    ready: async () => ({ postgres: "ok", redis: "ok" }),
    ...deps,
  });
  running.push(server);
  return (path: string, init?: RequestInit) => fetch(`http://127.0.0.1:${server.port}${path}`, init);
}

test("healthz follows alive, also with a query string and with HEAD", async () => {
  let alive = true;
  const get = await setup({ alive: () => alive });
  expect((await get("/healthz")).status).toBe(200);
  expect((await get("/healthz?probe=1", { method: "HEAD" })).status).toBe(200);
  alive = false;
  expect((await get("/healthz")).status).toBe(503);
});

test("readyz names each check and is 503 when one is not ok", async () => {
  const checks: Record<string, string> = { postgres: "ok", redis: "ok" };
  const get = await setup({ ready: async () => checks });
  const ready = await get("/readyz");
  expect([ready.status, await ready.json()]).toEqual([200, { ready: true, checks }]);
  checks.redis = "down";
  const unready = await get("/readyz");
  expect([unready.status, await unready.json()]).toEqual([503, { ready: false, checks }]);
});

test("a check that throws, or hands on a driver's text, shows no credentials", async () => {
  const url = "redis://:hunter2@redis:6379";
  const reason = await setup({ ready: async () => ({ redis: `cannot reach ${url}`, token: "secret=hunter2" }) });
  const thrown = await setup({ ready: () => Promise.reject(new Error(url)) });
  const thrownAtOnce = await setup({
    ready: () => {
      throw new Error(url);
    },
  });
  for (const get of [reason, thrown, thrownAtOnce]) {
    const answer = await get("/readyz");
    expect(answer.status).toBe(503);
    const text = await answer.text();
    expect(text).toContain('"failed"');
    expect(text).not.toContain("hunter2");
  }
});

test("a check that hangs is answered with a timeout", async () => {
  const get = await setup({ ready: () => new Promise(() => {}), readyDeadlineMs: 20 });
  const answer = await get("/readyz");
  expect([answer.status, await answer.json()]).toEqual([503, { ready: false, checks: { ready: "timeout" } }]);
});

test("metrics only where given, and their failure says nothing", async () => {
  expect((await (await setup())("/metrics")).status).toBe(404);
  const get = await setup({ metrics: async () => "evertoken_up 1\n" });
  const answer = await get("/metrics");
  expect(answer.headers.get("content-type")).toContain("version=0.0.4");
  expect(await answer.text()).toBe("evertoken_up 1\n");
  const broken = await (await setup({ metrics: () => Promise.reject(new Error("hunter2")) }))("/metrics");
  expect([broken.status, await broken.text()]).toEqual([500, '{"error":"failed"}']);
});

test("unknown paths are 404, wrong methods 405", async () => {
  const get = await setup();
  expect((await get("/")).status).toBe(404);
  expect((await get("/healthz/x")).status).toBe(404);
  const post = await get("/healthz", { method: "POST", body: "x" });
  expect([post.status, post.headers.get("allow")]).toEqual([405, "GET, HEAD"]);
});

test("a taken port rejects, and close lets go of it", async () => {
  const deps = { host: "127.0.0.1", alive: () => true, ready: async () => ({}) };
  const first = await startHealthServer({ ...deps, port: 0 });
  await expect(startHealthServer({ ...deps, port: first.port })).rejects.toThrow("EADDRINUSE");
  await first.close();
  running.push(await startHealthServer({ ...deps, port: first.port }));
});
