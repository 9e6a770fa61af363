import { pruneLog, pruneOutbox } from "@evertoken/adapters";
import { jobId } from "@evertoken/core";
import { Redis } from "ioredis";
import { expect, test } from "vitest";
import { events, liveJobs, patch, runTask } from "../support/drive.ts";
import { createRig, type Rig, until } from "../support/rig.ts";

/** Only when a test asks for it, and when the scheduler starts. */
const seldom = {
  RECONCILE_CRON: "0 0 1 1 *",
  SWEEP_CRON: "0 0 1 1 *",
  DAILY_SWEEP_CRON: "0 0 1 1 *",
  PRUNE_CRON: "0 0 1 1 *",
};

/** Where the due time of a job is, in ms from where its connection's row wants it. */
async function offBy(rig: Rig, connection: { id: string; generation: number }): Promise<number> {
  const [job, row] = [await rig.job(connection), await rig.row(connection.id)];
  return Math.abs((job?.dueAt?.getTime() ?? 0) - row.next_refresh_at.getTime());
}

async function startScheduler(rig: Rig) {
  const scheduler = await rig.start("scheduler");
  await until("the tasks of the start are done", async () =>
    ["reconcile", "sweep"].every((task) => scheduler.lines().some((line) => line.task === task)),
  );
  return scheduler;
}

test("reconcile adds what is missing, corrects what is wrong, and heals what is blocked", async () => {
  const rig = await createRig({ env: seldom });
  const scheduler = await startScheduler(rig);
  const [missing, late, early, blocked, right] = await Promise.all(Array.from({ length: 5 }, () => rig.connect()));
  if (!missing || !late || !early || !blocked || !right) throw new Error("five");
  const queue = rig.queues.refreshQueue("acme");
  await rig.queues.remove("acme", missing.id, 1);
  await (await queue.getJob(jobId(late.id, 1)))?.changeDelay(86_400_000);
  await (await queue.getJob(jobId(early.id, 1)))?.changeDelay(300_000);
  await rig.queues.redis.zrem(queue.toKey("delayed"), jobId(blocked.id, 1));
  await rig.queues.redis.zadd(queue.toKey("completed"), Date.now(), jobId(blocked.id, 1));

  const report = await runTask(rig, "reconcile");
  expect(report).toEqual({
    checked: 5,
    scheduled: 2,
    corrected: 2,
    orphansRemoved: 0,
    queuesPaused: 0,
    syncsPending: 0,
    unconfirmed: 0,
  });
  for (const connection of [missing, late, early, blocked, right]) {
    expect(await offBy(rig, connection)).toBeLessThan(1000);
  }
  expect(await runTask(rig, "reconcile")).toMatchObject({ checked: 5, scheduled: 0, corrected: 0 });

  const line = scheduler.lines().find(({ task, scheduled }) => task === "reconcile" && scheduled === 2);
  expect(line).toMatchObject({ msg: "reconcile done", checked: 5, corrected: 2, durationMs: expect.any(Number) });
  const metrics = await (await fetch(`http://127.0.0.1:${scheduler.port}/metrics`)).text();
  expect(metrics).toContain('evertoken_maintenance_last_run{task="reconcile",count="checked"} 5');
  expect(await scheduler.stop()).toBe(0);
});

test("a job that no connection needs goes after two passes, not after one", async () => {
  const rig = await createRig({ env: seldom });
  await startScheduler(rig);
  const [kept, deleted, dead] = [await rig.connect(), await rig.connect(), await rig.connect()];
  await rig.pool.query("DELETE FROM connections WHERE id = $1", [deleted.id]);
  await patch(rig, dead.id, "status = 'needs_reauth', next_refresh_at = NULL");
  await patch(rig, kept.id, "generation = 2");
  // What anybody may put there must not stop the search.
  await rig.queues.refreshQueue("acme").add("refresh", {}, { jobId: `${"-".repeat(36)}-1`, delay: 60_000 });

  expect(await runTask(rig, "reconcile")).toMatchObject({ orphansRemoved: 0 });
  expect(await runTask(rig, "reconcile")).toMatchObject({ orphansRemoved: 3 });
  expect((await liveJobs(rig, "acme")).sort()).toEqual([`${"-".repeat(36)}-1`, jobId(kept.id, 2)].sort());
});

test("a job that is ahead of its row is no orphan: it shows that the row is old, once", async () => {
  const rig = await createRig({ env: seldom });
  await startScheduler(rig);
  const { id } = await rig.connect();
  const waiting = (await patch(rig, (await rig.connect()).id, "status = 'needs_reauth'")).id;
  for (const ahead of [id, waiting])
    await rig.queues.add({ id: ahead, provider: "acme", generation: 5, dueAt: new Date(Date.now() + 60_000) });
  for (let pass = 0; pass < 3; pass++) {
    expect(await runTask(rig, "reconcile")).toMatchObject({ orphansRemoved: 0 });
  }
  expect(await rig.row(id)).toMatchObject({
    newer_generation: 5,
    status: "error",
    last_error_code: "older_than_its_job",
  });
  expect(await liveJobs(rig, "acme")).toContain(jobId(id, 5));
  for (const ahead of [id, waiting])
    expect(await events(rig, ahead)).toEqual(["connection.created", "token.refresh_failed"]);
});

test("after FLUSHDB jobs, schedules and pauses come back by themselves; overdue jobs are spread", async () => {
  const rig = await createRig({ env: { ...seldom, RECONCILE_CRON: "* * * * * *", OVERDUE_SPREAD_MS: "20000" } });
  await startScheduler(rig);
  const connections = await Promise.all(Array.from({ length: 20 }, () => rig.connect()));
  await rig.pool.query("UPDATE connections SET next_refresh_at = now() - interval '1 hour' WHERE id = ANY($1)", [
    connections.slice(0, 10).map(({ id }) => id),
  ]);
  await rig.queues.refreshQueue("acme").pause();
  await until("the pause is remembered", async () => {
    const { rowCount } = await rig.pool.query("SELECT 1 FROM queue_states WHERE queue = 'refresh-acme' AND paused");
    return rowCount === 1;
  });
  const redis = new Redis(rig.env.REDIS_URL as string);
  await redis.flushdb();
  redis.disconnect();
  // The schedules went as well; a scheduler puts them back every 30 seconds, and one that starts does at once.
  await rig.start("scheduler");

  await until("the jobs are back", async () => (await liveJobs(rig, "acme")).length === 20);
  // A reconcile that was under way when Redis was emptied adds jobs, too, and leaves the pause to the next one.
  await until("the queue is paused again", () => rig.queues.refreshQueue("acme").isPaused());
  const due = await Promise.all(
    connections.slice(0, 10).map(async (each) => (await rig.job(each))?.dueAt?.getTime() ?? 0),
  );
  expect(Math.max(...due) - Math.min(...due)).toBeGreaterThan(2000);
  expect(Math.max(...due)).toBeLessThan(Date.now() + 20_000);
  for (const each of connections.slice(10)) expect(await offBy(rig, each)).toBeLessThan(1000);
});

test("a pause that an operator ended stays ended", async () => {
  const rig = await createRig({ env: seldom });
  await startScheduler(rig);
  await rig.connect();
  const queue = rig.queues.refreshQueue("acme");
  await runTask(rig, "reconcile");
  await queue.pause();
  await runTask(rig, "reconcile");
  await queue.resume();
  expect(await runTask(rig, "reconcile")).toMatchObject({ queuesPaused: 0 });
  expect(await queue.isPaused()).toBe(false);
});

test("sweep brings late jobs forward, shows what has ended, and leaves those that wait for a reason", async () => {
  const rig = await createRig({ env: seldom });
  await startScheduler(rig);
  const [late, coming, failing, throttled] = await Promise.all(Array.from({ length: 4 }, () => rig.connect()));
  if (!late || !coming || !failing || !throttled) throw new Error("four");
  await patch(rig, late.id, "next_refresh_at = now() - interval '1 minute', expires_at = now() + interval '4 minutes'");
  await patch(
    rig,
    coming.id,
    "next_refresh_at = now() + interval '1 minute', expires_at = now() + interval '3 minutes', connected_at = now()",
  );
  await patch(
    rig,
    failing.id,
    "failing_since = now() - interval '1 hour', expires_at = now() - interval '1 minute', next_refresh_at = now() - interval '2 minutes'",
  );
  await patch(
    rig,
    throttled.id,
    "not_before = now() + interval '1 hour', next_refresh_at = now() - interval '2 minutes', expires_at = now() + interval '1 minute'",
  );

  const report = await runTask(rig, "sweep");
  expect(report).toEqual({ refreshed: 0, failed: 0, skipped: 3, scheduled: 1, expired: 1, reauthDue: 0 });
  expect((await rig.job(late))?.data).toEqual({ trigger: "sweep" });
  expect((await rig.job(late))?.state).not.toBe("delayed");
  for (const each of [coming, failing, throttled]) expect((await rig.job(each))?.state).toBe("delayed");
  expect(await rig.row(failing.id)).toMatchObject({ status: "token_expired" });
  expect(await rig.row(coming.id)).toMatchObject({ status: "connected" });

  await rig.start("worker");
  await until("the late one is refreshed", async () => (await rig.row(late.id)).generation === 2);
  expect(await rig.log(late.id)).toMatchObject([{ trigger: "sweep", outcome: "granted" }]);
  expect(await runTask(rig, "sweep")).toMatchObject({ refreshed: 1, failed: 0, expired: 0 });
});

test("the daily sweep takes the long-lived tokens of the next day, and leaves the short-lived ones to their jobs", async () => {
  const rig = await createRig({ env: seldom });
  await startScheduler(rig);
  const [longLived, shortLived, farAway] = await Promise.all(Array.from({ length: 3 }, () => rig.connect()));
  if (!longLived || !shortLived || !farAway) throw new Error("three");
  await patch(
    rig,
    longLived.id,
    "connected_at = now() - interval '59 days', expires_at = now() + interval '20 hours', next_refresh_at = now() + interval '19 hours'",
  );
  await patch(
    rig,
    farAway.id,
    "connected_at = now() - interval '50 days', expires_at = now() + interval '10 days', next_refresh_at = now() + interval '3 days'",
  );
  expect(await runTask(rig, "daily-sweep")).toMatchObject({ scheduled: 1, skipped: 1 });
  expect((await rig.job(longLived))?.data).toEqual({ trigger: "sweep" });
  for (const each of [shortLived, farAway]) expect((await rig.job(each))?.state).toBe("delayed");
});

test("prune removes what is older than it may be kept, and nothing else", async () => {
  const rig = await createRig({ env: { ...seldom, KEEP_LOG_DAYS: "10" } });
  await startScheduler(rig);
  const { id } = await rig.connect();
  await rig.client.refresh(id);
  await rig.client.refresh(id, { force: true });
  await rig.pool.query("UPDATE token_refresh_log SET created_at = now() - interval '11 days' WHERE generation = 1");
  await rig.pool.query(
    `INSERT INTO outbox (event, provider, payload, created_at, delivered_at) VALUES
     ('token.refreshed', 'old', '{}', now() - interval '12 days', now() - interval '11 days'),
     ('token.refreshed', 'undelivered', '{}', now() - interval '12 days', NULL)`,
  );
  await rig.pool.query(
    "INSERT INTO audit_log (at, actor, action) VALUES (now() - interval '91 days', 'system', 'old'), (now(), 'system', 'new')",
  );
  expect(await runTask(rig, "prune")).toEqual({ logPartitions: 0, logRows: 1, auditRows: 1, events: 1, sessions: 0 });
  const { rows: audit } = await rig.pool.query("SELECT action FROM audit_log WHERE actor = 'system'");
  expect(audit).toEqual([{ action: "new" }]);
  expect(await rig.log(id)).toMatchObject([{ generation: 2 }]);
});

test("prune goes slice by slice to the end of what is old, past rows that have to stay", async () => {
  const { pool } = await createRig();
  await pool.query(
    `INSERT INTO outbox (event, provider, payload, created_at, delivered_at)
     SELECT 'token.refreshed', 'acme', '{}', now() - interval '20 days 30 minutes' + g * interval '1 hour', CASE WHEN g % 10 < 8 THEN now() - interval '12 days' END
     FROM generate_series(1, 480) AS g`,
  );
  await pool.query(
    `INSERT INTO token_refresh_log (connection_id, provider, trigger, success, outcome, duration_ms, generation, created_at)
     SELECT gen_random_uuid(), 'acme', 'scheduled', true, 'granted', 1, 1, now() - interval '20 days' + (g + g % 3) * interval '1 hour'
     FROM generate_series(1, 480) AS g`,
  );
  const before = new Date(Date.now() - 10 * 86_400_000);
  const { rows } = await pool.query("SELECT count(*)::int AS old FROM token_refresh_log WHERE created_at < $1", [
    before,
  ]);
  expect(await pruneLog(pool, { granted: before, failed: before }, 7)).toEqual({ partitions: 0, rows: rows[0].old });
  expect(await pruneOutbox(pool, before, 7)).toBe(192);
  const { rows: kept } = await pool.query(
    "SELECT count(*)::int AS left FROM outbox WHERE created_at < $1 AND delivered_at IS NOT NULL",
    [before],
  );
  expect(kept).toEqual([{ left: 0 }]);
});

test("a scheduler that is killed in the midst of a task holds up another one for no longer than its lock", async () => {
  const rig = await createRig({ env: { ...seldom, JOB_LOCK_MS: "2000", JOB_STALLED_CHECK_MS: "500" } });
  const doomed = await startScheduler(rig);
  const blocker = await rig.pool.connect();
  await blocker.query("BEGIN; LOCK TABLE outbox");
  const queue = rig.queues.fixed("maintenance");
  const { id } = await queue.add("prune", {});
  await until("the task is under way", async () => (await queue.getJobState(id as string)) === "active");
  await doomed.stop("SIGKILL");
  await blocker.query("ROLLBACK");
  blocker.release();

  const heir = await rig.start("scheduler");
  expect(await runTask(rig, "reconcile")).toMatchObject({ checked: 0 });
  await until("the lost task is done as well", async () => (await queue.getJobState(id as string)) === "completed");
  expect(await heir.stop()).toBe(0);
});

test("of several schedulers each task's turn comes once", async () => {
  const rig = await createRig({ env: { ...seldom, PRUNE_CRON: "* * * * * *" } });
  // The first of them has turns while the others still start.
  const started = Date.now();
  const replicas = await Promise.all([rig.start("scheduler"), rig.start("scheduler"), rig.start("scheduler")]);
  const runs = () => replicas.flatMap((replica) => replica.lines().filter(({ task }) => task === "prune"));
  await until("a few turns have come", async () => runs().length >= 3);
  for (const replica of replicas) expect(await replica.stop()).toBe(0);
  const jobs = (await rig.queues.fixed("maintenance").getJobs(["completed"])).filter(({ name }) => name === "prune");
  expect(runs()).toHaveLength(jobs.length);
  // Three replicas with a turn each would have come to three times as many.
  expect(jobs.length).toBeLessThanOrEqual((Date.now() - started) / 1000 + 2);
});
