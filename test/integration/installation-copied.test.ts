import { randomBytes } from "node:crypto";
import { Client } from "pg";
import { expect, test, vi } from "vitest";
import { runInProcess } from "../e2e/evertoken-command.ts";
import { createRig, hasty, type Rig, until } from "../support/rig.ts";
import { onFileEnd } from "../support/services.ts";

/** A database made from the rig's, as a restored dump is: all rows, another oid. */
async function copyOf(rig: Rig): Promise<string> {
  const original = new URL(rig.env.DATABASE_URL as string);
  const name = `copy_${randomBytes(6).toString("hex")}`;
  const administration = new URL(original);
  administration.pathname = "/postgres";
  const client = new Client({ connectionString: administration.href });
  await client.connect();
  const from = original.pathname.slice(1);
  await client.query(`CREATE DATABASE ${name} TEMPLATE ${from} STRATEGY wal_log`).catch(async () => {
    await client.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1", [from]);
    await client.query(`CREATE DATABASE ${name} TEMPLATE ${from}`);
  });
  await client.end();
  onFileEnd(async () => {
    const again = new Client({ connectionString: administration.href });
    await again.connect();
    await again.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
    await again.end();
  });
  original.pathname = `/${name}`;
  return original.href;
}

test("a copied database spends nothing, whether it shares Redis with its original or has its own", async () => {
  const rig = await createRig({ env: hasty });
  const due = await rig.connect({ expiresIn: 1 });
  const { id } = await rig.connect({ expiresIn: 3600 });
  await rig.client.refresh(id);
  const url = await copyOf(rig);
  for (const prefix of [rig.env.REDIS_PREFIX as string, `own-${rig.env.REDIS_PREFIX}`]) {
    const before = await rig.server.summary();
    const job = await rig.job(due);
    const copy = { DATABASE_URL: url, REDIS_PREFIX: prefix, SPOOL_DIR: `${rig.env.SPOOL_DIR}/${prefix}` };
    const worker = await rig.start("worker", { ...copy, WORKER_PORT: "0" });
    const scheduler = await rig.start("scheduler", copy);
    await until("it says so", async () => worker.output().includes("held: nothing is spent"));
    await until("it says so", async () => scheduler.output().includes("held: nothing is spent"));
    const refreshed = await runInProcess(["refresh", due.id], { env: { ...rig.env, ...copy } });
    expect(refreshed).toMatchObject({ code: 1 });
    expect(refreshed.stderr).toContain("(held)");
    await worker.stop();
    await scheduler.stop();
    expect(await rig.server.summary()).toEqual(before);
    expect(await rig.job(due)).toEqual(job);
  }
});

test("a copy that is adopted for staging forgets the grants without revoking them, and lets its original alone", async () => {
  const rig = await createRig({ env: hasty });
  const { id } = await rig.connect({ expiresIn: 3600 });
  await rig.client.refresh(id, { force: true });
  const env = { ...rig.env, DATABASE_URL: await copyOf(rig), SPOOL_DIR: `${rig.env.SPOOL_DIR}/copy` };
  const original = await rig.start("scheduler");

  // With the Redis of an original that lives, it would be the original that stops.
  for (const as of ["copy", "original"]) {
    const shared = await runInProcess(["adopt", "--as", as, "--yes"], { env });
    expect(shared).toMatchObject({ code: 1, stderr: expect.stringContaining("in use with this Redis") });
  }
  const own = { ...env, REDIS_PREFIX: `copy-${rig.env.REDIS_PREFIX}` };
  const disconnected = await runInProcess(["connections", "disconnect", id, "--yes"], { env: own });
  expect(disconnected.code).toBe(0);
  expect(await runInProcess(["adopt", "--as", "copy", "--yes"], { env: own })).toMatchObject({ code: 0 });
  expect((await runInProcess(["adopt"], { env: own })).stdout).toMatch(/state +not held/);
  const copy = new Client({ connectionString: env.DATABASE_URL });
  await copy.connect();
  const { rows } = await copy.query("SELECT status, access_token, refresh_token FROM connections");
  expect(rows).toEqual([{ status: "disconnected", access_token: null, refresh_token: null }]);
  expect((await copy.query("SELECT 1 FROM revocations")).rowCount).toBe(0);
  await copy.end();

  expect((await rig.client.refresh(id, { force: true })).warning).toBeNull();
  expect(await rig.server.summary()).toMatchObject({ granted: 2, reuse: 0 });
  await original.stop();
});

test("START_HELD spends nothing until it is released, once and for all restarts", async () => {
  const rig = await createRig({ env: { ...hasty, START_HELD: "true" } });
  const { id } = await rig.connect({ expiresIn: 3600 });
  expect((await rig.client.refresh(id, { force: true })).warning).toMatchObject({ code: "held" });
  expect((await runInProcess(["doctor"], { env: rig.env })).stdout).toContain("held: START_HELD is set");
  expect(await runInProcess(["release"], { env: rig.env })).toMatchObject({ code: 0 });
  await until("it goes on", async () => (await rig.client.refresh(id, { force: true })).warning === null);
  const worker = await rig.start("worker");
  expect(worker.output()).not.toContain("nothing is spent");
  await worker.stop();
  expect(await runInProcess(["adopt", "--as", "held", "--yes"], { env: rig.env })).toMatchObject({ code: 0 });
  expect((await runInProcess(["status"], { env: rig.env })).stdout).toContain("an operator keeps it held");
});

test("the time that an adopted database was used last is Postgres', whatever the operator's host takes for now", async () => {
  const rig = await createRig({ env: { START_HELD: "true" } });
  vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 3_600_000 });
  try {
    expect(await runInProcess(["adopt", "--as", "original", "--yes"], { env: rig.env })).toMatchObject({ code: 0 });
  } finally {
    vi.useRealTimers();
  }
  const { rows } = await rig.pool.query("SELECT beat_at FROM installation");
  expect(rows[0].beat_at.getTime()).toBeLessThan(Date.now() + 5000);
});
