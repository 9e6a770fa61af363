import { randomBytes } from "node:crypto";
import { Agent, request } from "node:http";
import { createPool } from "@evertoken/adapters";
import { createEvertoken } from "@evertoken/engine";
import { startApi } from "./api-process.ts";
import { type Ground, openGround, provider, seed } from "./ground.ts";
import { startWorker } from "./worker-process.ts";

const secondsEach = 6;
const refreshesPerSecond = 100;

/**
 * Token reads over HTTP beside the library and the bare `SELECT` of the same rows, while a worker refreshes other connections. Client, API,
 * worker, Postgres, Redis and the token server share the machine.
 *
 * @param connections how many are read in turn; more than are read in the time: each read is a first one, and is audited
 */
export async function measureHttpReads(connections: number, readers = 200) {
  const ground = await openGround();
  try {
    const ids = (await seed(ground, connections, () => 3_600_000)).map(({ id }) => id);
    const stopRefreshes = await keepRefreshing(ground);
    const bare = await bareSelect(ground, ids, readers);
    const client = createEvertoken({ settings: ground.env });
    const library = await run(readers, ids, (id) => client.getAccessToken(id));
    await client.close();
    const http = await httpReads(ground, ids, readers);
    const refreshed = await stopRefreshes();
    const { rows } = await ground.pool.query<{ n: number }>("SELECT count(*)::int AS n FROM audit_log");
    return {
      ...{ readers, connections, bare: bare.rate, library: library.rate, http: http.rate },
      ...{ ratioToLibrary: Number((http.rate / library.rate).toFixed(2)), p50Ms: http.p50Ms, p99Ms: http.p99Ms },
      ...{ libraryP99Ms: library.p99Ms, audited: rows[0]?.n ?? 0, refreshed },
    };
  } finally {
    await ground.close();
  }
}

/** Refreshes at a steady rate, until told to stop. @returns how many there were */
async function keepRefreshing(ground: Ground): Promise<() => Promise<number>> {
  const count = refreshesPerSecond * secondsEach * 5;
  const seeded = await seed(ground, count, (index) => (index * 1000) / refreshesPerSecond);
  const base = Date.now() + 2000;
  const jobs = seeded.map(({ id }, index) => {
    const dueAt = new Date(base + (index * 1000) / refreshesPerSecond);
    return { id, provider, generation: 1, dueAt };
  });
  await ground.queues.addBulk(provider, jobs);
  const worker = await startWorker(ground.env);
  return async () => {
    await worker.stop();
    const { rows } = await ground.pool.query("SELECT count(*)::int AS n FROM token_refresh_log WHERE success");
    return rows[0].n;
  };
}

async function bareSelect(ground: Ground, ids: readonly string[], readers: number) {
  const pool = createPool(ground.env.DATABASE_URL as string, 20, () => {});
  const text = "SELECT access_token, expires_at FROM connections WHERE id = $1";
  const selects = await run(readers, ids, (id) => pool.query({ name: "bare", text, values: [id] }));
  await pool.end();
  return selects;
}

async function httpReads(ground: Ground, ids: readonly string[], readers: number) {
  const admin = randomBytes(32).toString("base64url");
  const limits = { API_REQUESTS_PER_MINUTE: "100000000" };
  const api = await startApi({ ...ground.env, ...limits, API_PORT: "0", EVERTOKEN_API_KEY: admin });
  const agent = new Agent({ keepAlive: true, maxSockets: readers });
  const base = `http://127.0.0.1:${api.port}`;
  const made = await fetch(`${base}/v1/api-keys`, {
    method: "POST",
    headers: { authorization: `Bearer ${admin}`, "content-type": "application/json" },
    body: JSON.stringify({ name: "bench", scopes: ["tokens:read"] }),
  });
  const { key } = (await made.json()) as { key: string };
  const headers = { authorization: `Bearer ${key}` };
  const reads = await run(readers, ids, (id) => read(`${base}/v1/connections/${id}/token`, agent, headers));
  agent.destroy();
  await api.stop();
  return reads;
}

/** The plainest client there is: it costs CPU time of the same machine. */
function read(url: string, agent: Agent, headers: Record<string, string>): Promise<void> {
  return new Promise((resolve, reject) => {
    const asked = request(url, { agent, headers }, (response) => {
      response.resume();
      response.once("end", () => {
        if (response.statusCode === 200) resolve();
        else reject(new Error(`a read answered ${response.statusCode}`));
      });
    });
    asked.once("error", reject);
    asked.end();
  });
}

async function run(readers: number, ids: readonly string[], call: (id: string) => Promise<unknown>) {
  const end = performance.now() + secondsEach * 1000;
  const took: number[] = [];
  let next = 0;
  const lane = async () => {
    for (let started = performance.now(); started < end; started = performance.now()) {
      await call(ids[next++ % ids.length] as string);
      took.push(performance.now() - started);
    }
  };
  await Promise.all(Array.from({ length: readers }, lane));
  took.sort((a, b) => a - b);
  const at = (share: number) => Math.round(took[Math.min(took.length - 1, Math.floor(took.length * share))] ?? 0);
  return { rate: Math.round(took.length / secondsEach), p50Ms: at(0.5), p99Ms: at(0.99) };
}
