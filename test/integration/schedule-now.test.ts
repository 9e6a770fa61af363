import { jobId } from "@evertoken/core";
import { expect, test } from "vitest";
import { attempts, liveJobs, patch } from "../support/drive.ts";
import { createRig, hasty, until } from "../support/rig.ts";
import { lies } from "../support/token-server.ts";

test("a delayed, a missing and a finished job all run now, once, and are followed by the next one's job", async () => {
  const rig = await createRig();
  const ids = await Promise.all(
    ["delayed", "missing", "finished"].map(async (state) => {
      const { id, generation } = await rig.connect();
      if (state !== "delayed") await rig.queues.remove("acme", id, generation);
      if (state === "finished") await leaveFinishedJob(id, generation);
      return id;
    }),
  );
  async function leaveFinishedJob(id: string, generation: number) {
    const queue = rig.queues.refreshQueue("acme");
    const job = await queue.add("refresh", {}, { jobId: jobId(id, generation) });
    const redis = rig.queues.redis;
    await redis.lrem(queue.toKey("wait"), 0, job.id as string);
    await redis.zadd(queue.toKey("failed"), Date.now(), job.id as string);
    await redis.hset(queue.toKey(job.id as string), "finishedOn", Date.now());
  }

  for (const id of ids) {
    const scheduled = await rig.client.scheduleNow(id);
    expect(scheduled).toMatchObject({ connectionId: id, generation: 1, jobId: jobId(id, 1) });
  }
  // Again, while the job waits: nothing changes.
  await Promise.all(ids.flatMap((id) => Array.from({ length: 20 }, () => rig.client.scheduleNow(id))));
  expect((await liveJobs(rig, "acme")).sort()).toEqual(ids.map((id) => jobId(id, 1)).sort());

  await rig.start("worker");
  for (const id of ids) {
    expect(await attempts(rig, id, 1)).toMatchObject([{ outcome: "granted", trigger: "manual" }]);
  }
  const next = ids.map((id) => jobId(id, 2)).sort();
  await until("only the next jobs live", async () => (await liveJobs(rig, "acme")).sort().join() === next.join());
  expect(await rig.server.summary()).toMatchObject({ requests: 3, granted: 3, reuse: 0, overlapping: 0 });
});

test("calls while the job runs make no second request", async () => {
  const rig = await createRig();
  await rig.start("worker");
  const { id } = await rig.connect();
  await rig.server.hold();
  await rig.client.scheduleNow(id);
  await rig.server.holding();
  await Promise.all(Array.from({ length: 50 }, () => rig.client.scheduleNow(id)));
  expect(await liveJobs(rig, "acme")).toEqual([jobId(id, 1)]);
  await rig.server.release();
  await attempts(rig, id, 1);
  await until("only the next job lives", async () => (await liveJobs(rig, "acme")).join() === jobId(id, 2));
  expect(await rig.job({ id, generation: 2 })).toMatchObject({ state: "delayed" });
  expect(await rig.server.summary()).toMatchObject({ requests: 1, granted: 1 });
});

test("who waits goes ahead of a backlog", async () => {
  const rig = await createRig({ env: { REFRESH_CONCURRENCY: "1" } });
  const backlog = await Promise.all(Array.from({ length: 30 }, () => rig.connect()));
  await rig.pool.query("UPDATE connections SET next_refresh_at = now()");
  for (const { id, generation } of backlog) {
    await (await rig.queues.refreshQueue("acme").getJob(jobId(id, generation)))?.promote();
  }
  const urgent = await rig.connect();
  await rig.client.scheduleNow(urgent.id);
  await rig.start("worker");
  await until("all are refreshed", async () => (await rig.server.summary()).granted === 31);
  expect((await rig.server.presentations())[0]?.family).toBe(urgent.family);
});

test("a retry that waits is brought forward, and its count goes on", async () => {
  const rig = await createRig({ env: { ...hasty, QUICK_RETRY_MS: "60000", QUICK_RETRY_CAP_MS: "60000" } });
  await rig.server.behave(lies.serverError, { next: 1 });
  await rig.start("worker");
  const { id } = await rig.connect();
  await rig.client.scheduleNow(id);
  await attempts(rig, id, 1);
  await until("the retry waits", async () => (await rig.job({ id, generation: 1 }))?.state === "delayed");
  await rig.client.scheduleNow(id);
  expect(await attempts(rig, id, 2)).toMatchObject([{ outcome: "transient" }, { outcome: "granted" }]);
});

test("scheduleNextRefresh puts the job where the stored expiry wants it", async () => {
  const rig = await createRig();
  const { id, generation } = await rig.connect({ expiresIn: 1800 });
  const row = await patch(
    rig,
    id,
    "expires_at = now() + interval '1 hour', next_refresh_at = now() + interval '1 day'",
  );
  const scheduled = await rig.client.scheduleNextRefresh(id);
  const marginMs = row.expires_at.getTime() - (scheduled?.dueAt.getTime() ?? 0);
  expect(marginMs / 1000).toBeGreaterThanOrEqual(300);
  expect(marginMs / 1000).toBeLessThan(331);
  expect((await rig.row(id)).next_refresh_at).toEqual(scheduled?.dueAt);
  expect(
    Math.abs(((await rig.job({ id, generation }))?.dueAt?.getTime() ?? 0) - (scheduled?.dueAt.getTime() ?? 0)),
  ).toBeLessThan(50);

  await rig.queues.remove("acme", id, generation);
  await rig.client.scheduleNextRefresh(id);
  expect(await rig.job({ id, generation })).toMatchObject({ state: "delayed" });
  await patch(rig, id, "expires_at = NULL");
  expect(await rig.client.scheduleNextRefresh(id)).toBeNull();
});

test("what cannot be scheduled says why", async () => {
  const rig = await createRig();
  const { id } = await rig.connect();
  const pat = await rig.client.connections.import({ userId: "u", provider: "github-pat", accessToken: "ghp_x" });
  await expect(rig.client.scheduleNow(pat.id)).rejects.toMatchObject({ code: "not_refreshable" });
  await rig.client.connections.disconnect(id);
  await expect(rig.client.scheduleNow(id)).rejects.toMatchObject({ code: "disconnected" });
  for (const unknown of ["00000000-0000-0000-0000-000000000000", "no id", ""]) {
    await expect(rig.client.scheduleNow(unknown)).rejects.toMatchObject({ code: "connection_not_found" });
  }
});

test("a job that comes too early asks nobody, and waits for its time", async () => {
  const rig = await createRig({ env: hasty });
  const connection = await rig.connect();
  const early = await rig.queues.refreshQueue("acme").getJob(jobId(connection.id, 1));
  await early?.promote();
  await rig.start("worker");
  const job = await until("it waits again", async () => {
    const found = await rig.job(connection);
    return found?.state === "delayed" && found;
  });
  expect(Math.abs((job.dueAt?.getTime() ?? 0) - (connection.nextRefreshAt?.getTime() ?? 0))).toBeLessThan(1000);
  expect(await rig.log(connection.id)).toEqual([]);
  expect(await rig.server.summary()).toMatchObject({ requests: 0 });
});
