import { execFileSync } from "node:child_process";
import { appendFileSync, writeFileSync } from "node:fs";
import { readdir, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { createReadInstallation, DatabaseClock } from "@evertoken/adapters";
import { createEvertoken, type Evertoken } from "@evertoken/engine";
import type { LocalServer } from "@evertoken/local";
import { Pool } from "pg";
import { expect, test } from "vitest";
import { storedRefreshToken } from "../chaos/chaos.ts";
import { runInProcess } from "../e2e/evertoken-command.ts";
import { type Connected, createRig, type Env, hasty, type Rig, until } from "../support/rig.ts";
import { onFileEnd, startOwnPostgres } from "../support/services.ts";

/** What a replica has when it stops following: taken while the server stands still. */
async function keepReplica(server: LocalServer): Promise<string> {
  const replica = `${server.dataDir}.replica`;
  await server.stop();
  execFileSync("cp", ["-a", server.dataDir, replica]);
  onFileEnd(() => rm(replica, { recursive: true, force: true }));
  await server.start();
  return replica;
}

/** The primary dies, and the replica takes over at its address, on a timeline of its own. */
async function failOver(server: LocalServer, replica: string, meanwhile = async () => {}): Promise<void> {
  await server.kill("SIGKILL");
  await meanwhile();
  await takePlace(server, replica, "recovery.signal");
  // It answers before it is promoted: what is committed meanwhile waits in the spool, for a worker.
  const pool = new Pool({ connectionString: server.url });
  pool.on("error", () => {});
  await until("it takes writes", async () => {
    const { rows } = await pool.query("SELECT pg_is_in_recovery() AS waits").catch(() => ({ rows: [] }));
    return rows[0]?.waits === false;
  });
  await pool.end();
}

/** With `recovery.signal` it promotes itself, with `standby.signal` it waits to be promoted. */
async function takePlace(server: LocalServer, replica: string, signal: string): Promise<void> {
  await rm(server.dataDir, { recursive: true });
  await rename(replica, server.dataDir);
  const { uid, gid } = await stat(`${server.dataDir}/PG_VERSION`);
  appendFileSync(`${server.dataDir}/postgresql.auto.conf`, "restore_command = '/bin/false'\n");
  writeFileSync(`${server.dataDir}/${signal}`, "");
  execFileSync("chown", [`${uid}:${gid}`, `${server.dataDir}/${signal}`]);
  await server.start();
}

async function createFailoverRig(env: Env = {}): Promise<{ rig: Rig; server: LocalServer }> {
  const server = await startOwnPostgres();
  const rig = await createRig({ databaseUrl: server.url, env: { ...hasty, ...env } });
  await rig.server.configure({ rotation: "strict" });
  return { rig, server };
}

/** A living token is served with a warning as long as nothing may be spent. */
async function refreshed(rig: Rig, id: string) {
  const token = await rig.client.refresh(id, { force: true });
  return token.warning === null ? token : null;
}

const many = (rig: Rig, n: number) => Promise.all(Array.from({ length: n }, () => rig.connect({ expiresIn: 3600 })));

async function living(rig: Rig, connections: readonly Connected[]): Promise<number> {
  const tokens = await Promise.all(connections.map(({ id }) => storedRefreshToken(rig, id)));
  const states = await rig.server.inspect(tokens);
  return states.filter((state) => state?.alive && state.state === "current").length;
}

test("a failover to a replica that lags behind loses nothing: the newest sets are put back, and refreshing goes on by itself", async () => {
  const { rig, server } = await createFailoverRig();
  const connections = await many(rig, 20);
  const [first] = connections as [Connected];
  const replica = await keepReplica(server);
  await Promise.all(connections.map(({ id }) => rig.client.refresh(id, { force: true })));
  // Some have lost several generations.
  await Promise.all(connections.slice(0, 5).map(({ id }) => rig.client.refresh(id, { force: true })));
  await failOver(server, replica);
  expect((await rig.row(first.id)).generation).toBe(1);

  // Whoever asks first: nothing is spent before what was lost is back.
  const token = await until("it goes on", () => refreshed(rig, first.id).catch(() => null), 20_000);
  expect(token.generation).toBe(3);
  const rows = await Promise.all(connections.map(({ id }) => rig.row(id)));
  expect(rows.map(({ generation }) => generation)).toEqual([3, 3, 3, 3, 3, ...Array.from({ length: 15 }, () => 2)]);
  expect(await living(rig, connections)).toBe(20);
  expect(await rig.server.summary()).toMatchObject({ reuse: 0 });
});

test("what was committed while Redis took no copy is put back as well: its line stays in the journal until there is one", async () => {
  const { rig, server } = await createFailoverRig();
  const [first, other] = (await many(rig, 2)) as [Connected, Connected];
  const replica = await keepReplica(server);
  const copies = `{${rig.env.REDIS_PREFIX}}:copies`;
  const redis = await rig.queues.redis;
  await redis.del(copies);
  await redis.set(copies, "takes no copy");
  await rig.client.refresh(first.id, { force: true });
  const journals = async () =>
    (await readdir(rig.env.SPOOL_DIR as string)).filter((name) => name.endsWith(".journal")).length;
  await until(
    "the journal has gone on to its next file, and keeps the first",
    async () => {
      await rig.client.refresh(other.id, { force: true });
      return (await journals()) > 1;
    },
    20_000,
  );
  await redis.del(copies);
  await failOver(server, replica);
  const token = await until("it goes on", () => refreshed(rig, first.id).catch(() => null), 20_000);
  expect(token.generation).toBe(2);
  expect(await living(rig, [first, other])).toBe(2);
  expect(await rig.server.summary()).toMatchObject({ reuse: 0 });
});

test("a replica that waits to be promoted is taken for no database, and afterwards for what it is", async () => {
  const { rig, server } = await createFailoverRig();
  const replica = await keepReplica(server);
  await server.kill("SIGKILL");
  await takePlace(server, replica, "standby.signal");
  const read = createReadInstallation(rig.pool, new DatabaseClock(rig.pool));
  await until("it answers", () => rig.pool.query("SELECT").catch(() => null));
  await expect(read()).rejects.toMatchObject({ code: "25006" });
  await rig.pool.query("SELECT pg_promote(true, 20)");
  expect(await read()).toMatchObject({ server: { timeline: 2 } });
});

test("what has no copy is held by itself: its job is ahead of its row, and only an operator lets it spend", async () => {
  const { rig, server } = await createFailoverRig();
  const [lost, untouched] = (await many(rig, 2)) as [Connected, Connected];
  const replica = await keepReplica(server);
  await rig.client.refresh(lost.id, { force: true });
  await loseCopies(rig);
  await failOver(server, replica);

  await until("the other one goes on", () => refreshed(rig, untouched.id).catch(() => null), 20_000);
  const served = await rig.client.refresh(lost.id, { force: true });
  expect(served).toMatchObject({ generation: 1, warning: { code: "older_than_its_job" } });
  expect(await rig.row(lost.id)).toMatchObject({
    status: "error",
    last_error_code: "older_than_its_job",
    generation: 1,
  });
  const { requests } = await rig.server.summary();
  const worker = await rig.start("worker");
  const scheduler = await rig.start("scheduler");
  await rig.queues.bringForward({ id: lost.id, provider: "acme", generation: 2 }, {});
  await until("the job has run", async () => (await rig.job({ id: lost.id, generation: 2 }))?.state === "delayed");
  await until("reconciled", async () => scheduler.output().includes("reconcile done"));
  expect(await rig.job({ id: lost.id, generation: 1 })).toBeNull();
  expect(await rig.server.summary()).toMatchObject({ requests, reuse: 0 });

  expect(await runInProcess(["release", "nonsense"], { env: rig.env })).toMatchObject({ code: 1 });
  expect(await runInProcess(["release", lost.id], { env: rig.env })).toMatchObject({ code: 0, stdout: "1 released\n" });
  expect(await rig.row(lost.id)).toMatchObject({ status: "connected", generation: 2, newer_generation: null });
  await worker.stop();
  await scheduler.stop();
});

test("an older state than a replica may have is held until an operator says that it is true", async () => {
  const { rig, server } = await createFailoverRig({ REPLICA_LAG_MS: "1" });
  const [lost, untouched, kept] = (await many(rig, 3)) as [Connected, Connected, Connected];
  const replica = await keepReplica(server);
  const beat = async () => (await rig.pool.query("SELECT beat_at FROM installation")).rows[0].beat_at.getTime();
  const before = await beat();
  await rig.client.refresh(lost.id, { force: true });
  await rig.queues.redis.del(`{${rig.env.REDIS_PREFIX}}:copies`);
  await until("it is remembered that the database was used since", async () => {
    await rig.client.refresh(kept.id, { force: true });
    return (await beat()) > before;
  });
  const { generation } = await rig.row(kept.id);
  await failOver(server, replica);

  const { requests } = await rig.server.summary();
  const worker = await rig.start("worker");
  const api = await rig.start("api", { EVERTOKEN_API_KEY: "k".repeat(40) });
  // A connection of the pool may have died with the primary.
  const refusal = async () => (await rig.client.refresh(untouched.id, { force: true })).warning?.code;
  await until("it is held", async () => (await refusal()) === "held");
  await expect(rig.client.scheduleNow(untouched.id)).rejects.toMatchObject({ code: "held" });
  await expect(rig.client.getAccessToken(untouched.id)).resolves.toMatchObject({ generation: 1 });
  const readyz = async (port: number) => {
    const answer = await fetch(`http://127.0.0.1:${port}/readyz`);
    return { status: answer.status, ...((await answer.json()) as { checks: object }) };
  };
  expect(await readyz(worker.port)).toMatchObject({ status: 503, checks: { installation: "held, older" } });
  expect(await readyz(api.port)).toMatchObject({ status: 200, checks: { installation: "ok, but held, older" } });
  expect((await runInProcess(["doctor"], { env: rig.env })).stdout).toContain("fail  installation");
  expect((await runInProcess(["status"], { env: rig.env })).stdout).toContain("! Held: nothing is refreshed");
  expect((await rig.pool.query("SELECT event FROM outbox WHERE event = 'installation.held'")).rowCount).toBe(1);

  expect(await runInProcess(["adopt", "--yes"], { env: rig.env })).toMatchObject({ code: 2 });
  expect(await runInProcess(["adopt", "--as", "new"], { env: rig.env })).toMatchObject({ code: 2 });
  expect(await runInProcess(["release"], { env: rig.env })).toMatchObject({ code: 2 });
  const shown = await runInProcess(["adopt"], { env: rig.env });
  expect(shown).toMatchObject({ code: 1, stdout: expect.stringMatching(/older than their job +2\n/) });
  expect(await rig.server.summary()).toMatchObject({ requests });
  const adopted = await runInProcess(["adopt", "--as", "original", "--yes", "--json"], { env: rig.env });
  expect([adopted.code, JSON.parse(adopted.stdout)]).toMatchObject([0, { putBack: 1, olderThanTheirJobs: 1 }]);
  expect(await rig.row(kept.id)).toMatchObject({ status: "connected", generation });

  await until("it goes on", async () => (await readyz(worker.port)).status === 200);
  await until("the untouched one goes on", () => refreshed(rig, untouched.id));
  expect(await refreshed(rig, kept.id)).toMatchObject({ generation: generation + 1 });
  expect((await rig.client.refresh(lost.id, { force: true })).warning).toMatchObject({ code: "older_than_its_job" });
  expect(await rig.server.summary()).toMatchObject({ reuse: 0 });
  await worker.stop();
  await api.stop();
});

test("an answer that comes after a failover is stored, whatever generation the new primary has", async () => {
  const { rig, server } = await createFailoverRig();
  const connection = (await rig.connect({ expiresIn: 3600 })) as Connected;
  const replica = await keepReplica(server);
  await rig.client.refresh(connection.id, { force: true });
  await rig.queues.redis.del(`{${rig.env.REDIS_PREFIX}}:copies`);
  const gate = await rig.server.hold({ at: "received" });
  const asked = rig.client.refresh(connection.id, { force: true });
  await rig.server.holding({ id: gate });
  await failOver(server, replica);
  await rig.server.release(gate);
  await asked;
  // Stored by the one who asked, or by way of the spool, if the new primary was too slow for it.
  await until("it is stored", async () => (await rig.row(connection.id)).generation === 3, 20_000);
  expect(await living(rig, [connection])).toBe(1);
});

/** Of the same installation, in another process. */
async function otherClient(rig: Rig): Promise<Evertoken> {
  const other = createEvertoken({ settings: rig.env });
  onFileEnd(() => other.close());
  return other;
}

/** As if another host had refreshed it, and Redis had been emptied since: the journal on this disk is a copy as well. */
async function loseCopies({ env, queues }: Rig): Promise<void> {
  await queues.redis.del(`{${env.REDIS_PREFIX}}:copies`);
  const names = await readdir(env.SPOOL_DIR as string);
  await Promise.all(
    names.filter((name) => name.endsWith(".journal")).map((name) => rm(join(env.SPOOL_DIR as string, name))),
  );
}

const longLeases: Env = { LEASE_MS: "30000", REQUEST_TIMEOUT_MS: "20000" };

test("a request that is on its way when a failover loses its claim is not sent a second time", async () => {
  const { rig, server } = await createFailoverRig(longLeases);
  const connection = (await rig.connect({ expiresIn: 3600 })) as Connected;
  await rig.client.refresh(connection.id, { force: true });
  const replica = await keepReplica(server);
  await rig.client.refresh((await rig.connect({ expiresIn: 3600 })).id, { force: true }); // seen since the replica was taken
  const gate = await rig.server.hold({ at: "received" });
  const asked = rig.client.refresh(connection.id, { force: true });
  await rig.server.holding({ id: gate });
  await failOver(server, replica);
  await until("the lease is claimed again", async () => (await rig.row(connection.id)).lease_owner !== null);
  const askedAgain = (await otherClient(rig)).refresh(connection.id, { force: true });
  await rig.server.release(gate);
  await Promise.all([asked, askedAgain]);
  expect(await rig.server.summary()).toMatchObject({ reuse: 0, overlapping: 0 });
  expect(await living(rig, [connection])).toBe(1);
});

test("a token set that is only kept when a failover loses its claim is put back before anything is spent", async () => {
  const { rig, server } = await createFailoverRig(longLeases);
  const connection = (await rig.connect({ expiresIn: 3600 })) as Connected;
  await rig.client.refresh(connection.id, { force: true });
  const replica = await keepReplica(server);
  await rig.client.refresh((await rig.connect({ expiresIn: 3600 })).id, { force: true });
  const gate = await rig.server.hold({ at: "received" });
  const asked = rig.client.refresh(connection.id, { force: true }).catch(() => null);
  await rig.server.holding({ id: gate });
  await failOver(server, replica, async () => {
    await rig.server.release(gate);
    await until("it is kept", async () => rig.clientOutput().includes("kept in the spool"));
  });
  await asked;
  await until(
    "it is refreshed",
    () =>
      otherClient(rig)
        .then((other) => other.refresh(connection.id, { force: true }))
        .catch(() => null),
    20_000,
  );
  expect(await rig.server.summary()).toMatchObject({ reuse: 0 });
  expect(await living(rig, [connection])).toBe(1);
});

test("workers that live through a failover lose nothing, and scheduled refreshing goes on within seconds", async () => {
  const { rig, server } = await createFailoverRig({ OVERDUE_SPREAD_MS: "500", REFRESH_LEAST_APART_MS: "1000" });
  await rig.server.configure({ expiresIn: 4 });
  const connections = await Promise.all(Array.from({ length: 30 }, () => rig.connect({ expiresIn: 4 })));
  const replica = await keepReplica(server);
  const apps = [await rig.start("worker"), await rig.start("worker"), await rig.start("scheduler")];
  const generations = async () =>
    (await rig.pool.query("SELECT generation FROM connections")).rows.map((row) => row.generation);
  const twice = async () => (await generations()).every((generation) => generation >= 3);
  await until("all were refreshed twice since", twice, 20_000);
  await failOver(server, replica);
  const { granted } = await rig.server.summary();
  const failedOverAt = Date.now();
  await until("all are refreshed again", async () => (await rig.server.summary()).granted >= granted + 60, 30_000);
  console.log(`installation-failover: all refreshed twice ${Date.now() - failedOverAt} ms after it`);
  await rig.server.configure({ expiresIn: 3600 });
  const settled = "SELECT 1 FROM connections WHERE expires_at < now() + interval '1 minute' OR lease_owner IS NOT NULL";
  await until("all have long tokens", async () => (await rig.pool.query(settled)).rowCount === 0, 15_000);
  expect(await living(rig, connections)).toBe(30);
  expect(await rig.server.summary()).toMatchObject({ reuse: 0 });
  for (const app of apps) await app.stop();
});

test("an emptied Redis, a new disk, a restarted Postgres: it is the same database, and nothing is held up", async () => {
  const { rig, server } = await createFailoverRig();
  const { id } = await rig.connect({ expiresIn: 3600 });
  await rig.client.refresh(id, { force: true });
  await rig.queues.redis.flushdb();
  await server.restart();
  const fresh = { ...rig.env, SPOOL_DIR: `${rig.env.SPOOL_DIR}/new` };
  expect(await runInProcess(["refresh", id, "--force"], { env: fresh })).toMatchObject({ code: 0 });
  expect(await rig.client.refresh(id, { force: true })).toMatchObject({ generation: 4, warning: null });
});
