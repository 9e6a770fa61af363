import { readFileSync } from "node:fs";
import { connectRedis, impatient, otherKind, type RedisTrouble, readEngineConfig, tryWrite } from "@evertoken/adapters";
import { expect } from "vitest";
import { storedRefreshToken } from "../chaos/chaos.ts";
import { runInProcess } from "../e2e/evertoken-command.ts";
import type { AppName, AppProcess } from "../support/app-process.ts";
import { createRig, type Env, hasty, type Rig, type RigOptions, until } from "../support/rig.ts";

const key = "k".repeat(40);
const password = "a long password";
const secrets: Env = { EVERTOKEN_API_KEY: key, DASHBOARD_PASSWORD: password };
const names: readonly AppName[] = ["worker", "scheduler", "api", "dashboard"];

const connections = 12;
const lifeSeconds = 3;
/** So long after a failover begins every connection was refreshed again. */
const backWithinMs = 30_000;

export interface Lively {
  readonly rig: Rig;
  readonly apps: Readonly<Record<AppName, AppProcess>>;
  /** Does something to Redis. @returns how long it took until every connection was refreshed twice from then on */
  through(what: string, fault: () => Promise<unknown>): Promise<number>;
  /** How many lines of the worker warned. */
  warnings(): number;
  /** Nothing was lost, nothing was spent twice, and all processes end as they should. */
  end(): Promise<void>;
}

/** All processes, and connections that are refreshed every second or two. */
export async function startLively(options: RigOptions): Promise<Lively> {
  const jobs = { JOB_LOCK_MS: "3000", JOB_STALLED_CHECK_MS: "500" };
  const rig = await createRig({
    ...options,
    env: { ...hasty, ...jobs, REFRESH_LEAST_APART_MS: "500", ...secrets, ...options.env },
  });
  await rig.server.configure({ expiresIn: lifeSeconds });
  const started = await Promise.all(names.map(async (name) => [name, await rig.start(name)] as const));
  for (let n = 0; n < connections; n++) await rig.connect({ expiresIn: lifeSeconds });
  const apps = Object.fromEntries(started) as Record<AppName, AppProcess>;
  return {
    ...{ rig, apps },
    warnings: () => apps.worker.lines().filter(({ level }) => Number(level) > 30).length,
    async through(what, fault) {
      const begunAt = Date.now();
      await fault();
      const before = await generations(rig);
      const all = async () => [...(await generations(rig))].every(([id, now]) => now > (before.get(id) ?? 0) + 1);
      await until(`every connection is refreshed again: ${what}`, all, backWithinMs);
      for (const [name, app] of started) await until(`${name} is ready`, async () => (await redisOf(app)) === "ok");
      return Date.now() - begunAt;
    },
    async end() {
      await rig.server.configure({ expiresIn: 1800 });
      const restless = `SELECT 1 FROM connections
        WHERE expires_at < now() + interval '10 minutes' OR lease_owner IS NOT NULL`;
      await until("all are at rest", async () => (await rig.pool.query(restless)).rowCount === 0, backWithinMs);
      for (const [name, app] of started) expect([name, await app.stop()]).toEqual([name, 0]);
      expect(await rig.server.summary()).toMatchObject({ reuse: 0, repeated: 0, overlapping: 0 });
      for (const id of (await generations(rig)).keys()) {
        const [state] = await rig.server.inspect([await storedRefreshToken(rig, id)]);
        expect(state).toMatchObject({ state: "current", alive: true });
      }
    },
  };
}

async function generations({ pool }: Rig): Promise<Map<string, number>> {
  const { rows } = await pool.query<{ id: string; generation: number }>("SELECT id, generation FROM connections");
  return new Map(rows.map(({ id, generation }) => [id, generation]));
}

export async function redisOf({ port }: AppProcess): Promise<string | undefined> {
  const answer = await fetch(`http://127.0.0.1:${port}/readyz`);
  return ((await answer.json()) as { checks: { redis?: string } }).checks.redis;
}

/** What stands against a Redis at this address, or with these settings. */
export async function troubleAt(where: string | Env): Promise<RedisTrouble | null> {
  const env = typeof where === "string" ? { REDIS_URL: where } : where;
  const { config } = readEngineConfig(env, (path) => readFileSync(path, "utf8"));
  const redis = connectRedis(config.redis, impatient, () => {});
  const found = await Promise.all([otherKind(redis, 3000), tryWrite(redis, "t", 3000)]);
  redis.disconnect();
  return found[0] ?? found[1];
}

/** What doctor says of Redis. */
async function doctor(rig: Rig) {
  const { stdout } = await runInProcess(["doctor", "--json"], { env: rig.env });
  const { findings } = JSON.parse(stdout) as { findings: { check: string; result: string }[] };
  return findings.filter(({ check }) => check === "redis");
}

/** Everything that asks Redis beside the refreshes: doctor, readiness, metrics, commands, the API, Bull Board. */
export async function expectAllToWork({ rig, apps }: Lively): Promise<void> {
  expect(await doctor(rig)).toEqual([expect.objectContaining({ result: "ok" })]);
  for (const app of Object.values(apps)) expect(await redisOf(app)).toBe("ok");
  const metrics = await (await fetch(`http://127.0.0.1:${apps.scheduler.port}/metrics`)).text();
  expect(metrics).toMatch(/evertoken_queue_jobs\{queue="refresh-acme",state="delayed"\} \d+/);
  expect((await runInProcess(["reconcile"], { env: rig.env })).code).toBe(0);
  const { id } = await rig.connect({ expiresIn: 1800 });
  const url = `http://127.0.0.1:${apps.api.port}/v1/connections/${id}/schedule`;
  const asked = await fetch(url, {
    ...{ method: "POST", body: '{"when":"now"}' },
    headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
  });
  expect(asked.status).toBe(200);
  await until("what the API was asked for is done", async () => (await rig.row(id)).generation === 2);
  expect(await boardQueues(apps.dashboard)).toContain("refresh-acme");
}

async function boardQueues({ port }: AppProcess): Promise<string[]> {
  const origin = `http://127.0.0.1:${port}`;
  const body = new URLSearchParams({ name: "operator", password });
  const login = await fetch(`${origin}/login`, { method: "POST", headers: { origin }, body, redirect: "manual" });
  const cookie = login.headers.get("set-cookie")?.split(";")[0] ?? "";
  const answer = await fetch(`${origin}/queues/api/queues?activeQueue=refresh-acme&status=delayed&page=1`, {
    headers: { cookie },
  });
  return ((await answer.json()) as { queues: { name: string }[] }).queues.map(({ name }) => name);
}
