import type { RedisClient } from "@evertoken/adapters";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openRedis, origin, startDashboard } from "./dashboard-harness.ts";

let redis: RedisClient;
let board: Awaited<ReturnType<typeof startDashboard>>;
beforeAll(async () => {
  redis = await openRedis();
  board = await startDashboard(redis);
});
afterAll(() => board.close());

const page = { accept: "text/html" };

test("without a session pages lead to the login and the API says 401", async () => {
  const visit = (url: string) => board.app.inject({ url, headers: page });
  const landing = await visit("/queues/queue/sync?status=failed");
  expect([landing.statusCode, landing.headers.location]).toEqual([
    303,
    "/login?next=%2Fqueues%2Fqueue%2Fsync%3Fstatus%3Dfailed",
  ]);
  expect((await visit("/")).headers.location).toBe("/login?next=%2F");
  expect((await visit("/connections?status=error&sort=updated")).headers.location).toBe(
    "/login?next=%2Fconnections%3Fstatus%3Derror%26sort%3Dupdated",
  );
  expect((await visit("/queues/api/queues")).statusCode).toBe(401);
  expect((await visit("/queues/static/favicon.ico")).statusCode).toBe(401);
  expect((await visit("/login")).body).toContain("<form");
});

test("the right password gives a signed cookie that scripts and other sites cannot use", async () => {
  const answer = await board.login("olga");
  expect([answer.statusCode, answer.headers.location]).toEqual([303, "/"]);
  const cookie = `${answer.headers["set-cookie"]}`;
  for (const part of ["__Host-evertoken=", "HttpOnly", "Secure", "SameSite=Lax", "Path=/", "Max-Age=43200"]) {
    expect(cookie).toContain(part);
  }
  const get = await board.browserOf("olga");
  expect((await get("GET", "/queues")).body).toContain('id="root"');
  expect((await get("GET", "/queues/api/queues")).statusCode).toBe(200);
});

test("wrong passwords and unknown names look the same, and neither is logged", async () => {
  const wrong = await board.login("olga", "hunter2-typed");
  const unknown = await board.login("hunter2-as-name");
  expect([wrong.statusCode, unknown.statusCode]).toEqual([401, 401]);
  expect(wrong.headers["set-cookie"]).toBeUndefined();
  expect(wrong.body.replace("olga", "")).toBe(unknown.body.replace("hunter2-as-name", ""));
  expect(board.logged.join("")).not.toContain("hunter2");
});

test("what was typed is escaped, and only our own pages are a way on", async () => {
  const answer = await board.app.inject({ url: "/login?next=%22%3E%3Cscript%3E" });
  expect(answer.body).not.toContain("<script");
  // Hidden, known to password managers, and pasted into as one likes.
  expect(answer.body).toMatch(
    /<input [^>]*name="password" type="password" autocomplete="current-password" maxlength="1000"/,
  );
  expect(answer.body).not.toMatch(/\son\w+=/);
  expect((await board.login('"><script>')).body).not.toContain("<script");
  for (const next of [
    "https://evil.test",
    "//evil.test",
    "/queues.evil.test",
    "/connections@evil.test",
    "/\\evil.test",
  ]) {
    const sent = await board.app.inject({ url: `/login?next=${encodeURIComponent(next)}` });
    expect(sent.body).toContain('name="next" value="/"');
  }
});

test("a cookie that was altered or logged out is no session, and a login ends by itself", async () => {
  const cookie = `${(await board.login("victor")).headers["set-cookie"]}`.split(";", 1)[0] ?? "";
  const secret = cookie.split("=", 2)[1] ?? "";
  for (const value of [`${secret.slice(0, -1)}!`, secret.slice(1), `${secret}.x`, "a".repeat(43), "%00", ""]) {
    const headers = { cookie: `__Host-evertoken=${value}` };
    expect((await board.app.inject({ url: "/queues/api/queues", headers })).statusCode, value).toBe(401);
  }
  const get = await board.browserOf("olga");
  expect((await get("POST", "/logout")).headers.location).toBe("/login");
  expect((await get("GET", "/queues/api/queues")).statusCode).toBe(401);
});

test.each([
  ["another site", { origin: "https://evil.test" }],
  ["no origin at all", {}],
  ["a sandboxed frame", { origin: "null" }],
  ["a sister site", { origin, "sec-fetch-site": "same-site" }],
  ["our name as a subdomain", { origin: "http://dashboard.test.evil.test" }],
])("a change that %s asks for is refused", async (_who, headers: Record<string, string>) => {
  expect((await board.login("olga", "olga's password", headers)).statusCode).toBe(403);
  const put = await board.browserOf("olga");
  const paused = await put("PUT", "/queues/api/queues/sync/pause", headers);
  expect([paused.statusCode, paused.json().code]).toEqual([403, "cross_origin"]);
  expect((await put("POST", "/logout", headers)).statusCode).toBe(403);
  expect((await put("GET", "/queues/api/queues")).statusCode).toBe(200);
});

test("logins are rate limited by address, right passwords too", async () => {
  const limited = await startDashboard(redis, { loginAttempts: 2 });
  try {
    expect((await limited.login("olga", "wrong")).statusCode).toBe(401);
    expect((await limited.login("olga", "wrong")).statusCode).toBe(401);
    const third = await limited.login("olga");
    expect([third.statusCode, third.headers["set-cookie"]]).toEqual([429, undefined]);
    expect(third.headers["retry-after"]).toBeDefined();
  } finally {
    await limited.close();
  }
});

test("every answer carries the security headers", async () => {
  for (const url of ["/login", "/queues/api/queues", "/nothing", "/healthz"]) {
    const { headers } = await board.app.inject({ url });
    expect(headers["content-security-policy"]).toContain("default-src 'none'");
    expect(headers["content-security-policy"]).toContain("frame-ancestors 'none'");
    expect(headers["x-content-type-options"]).toBe("nosniff");
    expect(headers["strict-transport-security"]).toContain("max-age");
    expect(headers["referrer-policy"]).toBe("same-origin");
    expect(headers["cache-control"]).toBe("no-store");
  }
});

test("health needs no login and follows the checks", async () => {
  expect((await board.app.inject("/healthz")).statusCode).toBe(200);
  expect((await board.app.inject("/readyz")).json()).toEqual({ ready: true, checks: { redis: "ok" } });
  board.health.ready = false;
  expect((await board.app.inject("/readyz")).statusCode).toBe(503);
  board.health.ready = true;
});

test("unknown pages, wrong methods and bodies that are too large or odd get clear answers", async () => {
  const missing = await board.app.inject({ url: "/nothing", headers: page });
  expect([missing.statusCode, missing.headers["content-type"]]).toEqual([404, "text/html; charset=utf-8"]);
  const wrong = await board.app.inject({ method: "DELETE", url: "/login" });
  expect([wrong.statusCode, wrong.headers.allow]).toEqual([405, "GET, POST"]);
  expect((await board.login("olga", "x".repeat(20_000))).statusCode).toBe(413);
  expect((await board.login("olga", "x".repeat(2000))).statusCode).toBe(400);
  const headers = { host: "dashboard.test", origin, "content-type": "application/json" };
  const odd = await board.app.inject({ method: "POST", url: "/login", headers, payload: '{"name":{}}' });
  expect(odd.statusCode).toBe(400);
});
