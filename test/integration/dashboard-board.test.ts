import { appRoutes } from "@bull-board/api/dist/routes.js";
import type { RedisClient } from "@evertoken/adapters";
import { type Queue, Worker } from "bullmq";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openRedis, startDashboard } from "./dashboard-harness.ts";

let redis: RedisClient;
let board: Awaited<ReturnType<typeof startDashboard>>;
let operator: Awaited<ReturnType<typeof board.browserOf>>;
let viewer: Awaited<ReturnType<typeof board.browserOf>>;
let refresh: Queue;
let sync: Queue;

beforeAll(async () => {
  redis = await openRedis();
  board = await startDashboard(redis);
  [refresh, sync] = board.queues as [Queue, Queue];
  [operator, viewer] = [await board.browserOf("olga"), await board.browserOf("victor")];
  await refresh.add("refresh", { connectionId: "c1" }, { jobId: "c1-1", delay: 3_600_000 });
  await refresh.add("refresh", { connectionId: "c2" }, { jobId: "c2-1", delay: 3_600_000 });
  await refresh.upsertJobScheduler("daily", { every: 86_400_000 }, { name: "daily" });
  await runSyncJobs();
});
afterAll(() => board.close());

/** Leaves one job that succeeded and one that failed, both careless with a token. */
async function runSyncJobs() {
  const ended = new Promise<void>((resolve) => {
    worker().on("failed", () => resolve());
  });
  await sync.add("sync", { connectionId: "c1" }, { jobId: "good" });
  await sync.add("sync", { refreshToken: "tok-in-data" }, { jobId: "bad" });
  await ended;
  await running?.close();
}
let running: Worker | undefined;
function worker(): Worker {
  running = new Worker(
    "sync",
    async ({ id }) => {
      if (id === "bad") throw new Error("GET https://api.test/me?access_token=tok-in-error failed");
      return { access_token: "tok-in-result", account: "Ada" };
    },
    { connection: redis },
  );
  return running;
}

/** Every key with its content. */
async function snapshot(): Promise<Record<string, string>> {
  const keys = (await redis.keys("*")).sort();
  expect(keys).toContain("bull:refresh-hubspot:c1-1");
  const dumps = await Promise.all(keys.map(async (key) => (await redis.dumpBuffer(key)).toString("hex")));
  return Object.fromEntries(keys.map((key, index) => [key, dumps[index] ?? ""]));
}

const allowed = new Set(
  ["pause", "resume", ":jobId/retry", ":jobId/promote"].map((end) => `/api/queues/:queueName/${end}`),
);

/** Each changing route that this version of Bull Board has, with real names filled in. */
const changingRoutes = appRoutes.api.flatMap(({ method, route }) =>
  [method].flat().flatMap((verb) =>
    [route].flat().map((pattern) => ({
      pattern,
      method: verb.toUpperCase() as "GET" | "POST" | "PUT" | "PATCH" | "DELETE",
      url: `/queues${pattern
        .replace(":queueName", "refresh-hubspot")
        .replace(":jobId", "c1-1")
        .replace(":schedulerId", "daily")
        .replace(":queueStatus", "delayed")}`,
    })),
  ),
);
const changing = changingRoutes.filter(({ method }) => method !== "GET");
const harmful = changing.filter(({ pattern }) => !allowed.has(pattern));

test("Bull Board's route table is as long as it was read", () => {
  expect(harmful.length).toBeGreaterThan(15);
  expect(changing.length - harmful.length).toBe(allowed.size);
});

test.each(harmful)("$method $pattern is off for everyone", async ({ method, url }) => {
  const before = await snapshot();
  for (const browser of [operator, viewer]) {
    const answer = await browser(method, url);
    expect([answer.statusCode, answer.json().code]).toEqual([403, "switched_off"]);
  }
  expect((await board.app.inject({ method, url })).statusCode).toBe(403);
  expect(await snapshot()).toEqual(before);
});

test.each(changing)("$method $pattern: a viewer cannot, and spelling it otherwise does not help", async (route) => {
  const before = await snapshot();
  const { method, url } = route;
  for (const spelling of [
    url,
    `${url}/`,
    `${url}?x=1`,
    url.replace("queues/api", "queues//api"),
    url.replace("api", "%61pi"),
  ]) {
    expect([403, 404]).toContain((await viewer(method, spelling)).statusCode);
  }
  expect(await snapshot()).toEqual(before);
});

test("delayed jobs are listed to both, with the buttons for the operator only", async () => {
  const url = "/queues/api/queues?activeQueue=refresh-hubspot&status=delayed&page=1&jobsPerPage=10";
  for (const [browser, readOnlyMode] of [[operator, false] as const, [viewer, true] as const]) {
    const { queues } = (await browser("GET", url)).json();
    expect(queues.map((queue: { name: string }) => queue.name)).toEqual(["refresh-hubspot", "sync", "maintenance"]);
    expect(queues[0].jobs.map((job: { id: string }) => job.id)).toEqual(expect.arrayContaining(["c1-1", "c2-1"]));
    expect(queues[0]).toMatchObject({ readOnlyMode, allowCompletedRetries: false });
  }
});

test("a queue that comes later is shown, one that goes is not", async () => {
  const names = async () =>
    (await viewer("GET", "/queues/api/queues")).json().queues.map((q: { name: string }) => q.name);
  const gone = board.queues.pop() as Queue;
  expect(await names()).toEqual(["refresh-hubspot", "sync"]);
  board.queues.push(gone);
  expect(await names()).toEqual(["refresh-hubspot", "sync", "maintenance"]);
});

test("tokens that an app's handler put into a job are not shown anywhere", async () => {
  const bodies = await Promise.all(
    [
      "?activeQueue=sync&status=completed&page=1&jobsPerPage=10",
      "?activeQueue=sync&status=failed&page=1&jobsPerPage=10",
      "/sync/good",
      "/sync/bad",
      "/sync/bad/logs",
    ].map(async (end) => (await operator("GET", `/queues/api/queues${end}`)).body),
  );
  expect(bodies.join("")).not.toContain("tok-in-");
  expect(bodies[0]).toContain("Ada");
  expect(bodies[1]).toContain("access_token=[hidden] failed");
});

test("nobody can read a queue in one gulp", async () => {
  const jobs = Array.from({ length: 120 }, (_, index) => ({ name: "notify", data: {}, opts: { jobId: `n${index}` } }));
  await board.queues[2]?.addBulk(jobs);
  for (const [asked, given] of [
    ["1000000", 100],
    ["1e6", 100],
    ["10&jobsPerPage=1000000", 100],
    ["20", 20],
  ] as const) {
    const url = `/queues/api/queues?activeQueue=maintenance&status=waiting&page=1&jobsPerPage=${asked}`;
    expect((await viewer("GET", url)).json().queues[2].jobs).toHaveLength(given);
  }
});

test("Redis details and workers are not told", async () => {
  expect((await operator("GET", "/queues/api/redis/stats")).statusCode).toBe(403);
  expect((await operator("GET", "/queues/api/queues/sync/workers")).statusCode).toBe(403);
});

test("an operator promotes one job, which is written down with the name", async () => {
  expect((await operator("PUT", "/queues/api/queues/refresh-hubspot/c2-1/promote")).statusCode).toBe(204);
  expect(await (await refresh.getJob("c2-1"))?.getState()).toBe("waiting");
  expect(await (await refresh.getJob("c1-1"))?.getState()).toBe("delayed");
  const line = board.logged.map((text) => JSON.parse(text)).findLast(({ event }) => event === "dashboard.action");
  expect(line).toMatchObject({ user: "olga", target: { jobId: "c2-1", queueName: "refresh-hubspot" }, status: 204 });
});

test("an operator retries a failed job, and a completed one is not run again", async () => {
  const again = await operator("PUT", "/queues/api/queues/sync/good/retry");
  expect(again.statusCode).toBe(403);
  expect(await (await sync.getJob("good"))?.getState()).toBe("completed");
  expect((await operator("PUT", "/queues/api/queues/sync/bad/retry")).statusCode).toBe(204);
  expect(await (await sync.getJob("bad"))?.getState()).toBe("waiting");
});

test("an operator pauses and resumes a queue, but not the one that repairs the others", async () => {
  expect((await operator("PUT", "/queues/api/queues/sync/pause")).statusCode).toBe(200);
  expect(await sync.isPaused()).toBe(true);
  expect((await operator("PUT", "/queues/api/queues/sync/resume")).statusCode).toBe(200);
  expect(await sync.isPaused()).toBe(false);
  expect((await operator("PUT", "/queues/api/queues/maintenance/pause")).statusCode).toBe(403);
  expect(await board.queues[2]?.isPaused()).toBe(false);
});

test("the page loads nothing from elsewhere", async () => {
  const { body, headers } = await operator("GET", "/queues");
  expect(body).not.toMatch(/(?:href|src)="https?:/);
  expect(headers["content-security-policy"]).toContain("script-src 'self';");
  for (const [, path = ""] of body.matchAll(/(?:href|src)="((?:static|\/board)[^"]+)"/g)) {
    expect((await operator("GET", path.startsWith("/") ? path : `/queues/${path}`)).statusCode, path).toBe(200);
  }
});
