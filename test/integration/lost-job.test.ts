import { jobId } from "@evertoken/core";
import { OrphanSearch, reconcile } from "@evertoken/operations";
import { expect, test } from "vitest";
import { comesDue, patch } from "../support/drive.ts";
import { createRig, until } from "../support/rig.ts";

test("a job that fell out of every list of its queue is replaced once it is long overdue", async () => {
  const rig = await createRig();
  const connection = await rig.connect();
  const queue = rig.queues.refreshQueue("acme");
  await rig.queues.redis.zrem(queue.toKey("delayed"), jobId(connection.id, 1));
  const run = () =>
    reconcile({
      ...{ pool: rig.pool, queues: rig.queues, orphans: new OrphanSearch(rig.pool), now: () => new Date() },
      ...{ overdueSpreadMs: 0, deriving: [], whole: true },
    });

  expect(await run()).toMatchObject({ checked: 1, scheduled: 0 }); // not due yet: it may be on its way between two lists
  await patch(rig, connection.id, "next_refresh_at = now() - interval '10 minutes'");
  expect(await run()).toMatchObject({ checked: 1, scheduled: 1 });
  expect(await rig.job(connection)).toMatchObject({ state: expect.stringMatching(/delayed|prioritized/) });
});

test("of many, each run looks at those that are due soon and at a part of all, and at all when Redis was emptied", async () => {
  const rig = await createRig();
  const [soon, later] = [await rig.connect(), await rig.connect()];
  await patch(rig, soon.id, "next_refresh_at = now() + interval '1 minute'");
  const { redis } = rig.queues;
  const place = rig.queues.fixed("maintenance").toKey("reconciled");
  const lose = async () => {
    for (const { id } of [soon, later]) await rig.queues.remove("acme", id, 1);
  };
  const run = () =>
    reconcile({
      ...{ pool: rig.pool, queues: rig.queues, orphans: new OrphanSearch(rig.pool), now: () => new Date() },
      ...{ overdueSpreadMs: 0, deriving: [], whole: false },
    });
  await lose();
  expect(await run()).toMatchObject({ checked: 2, scheduled: 2 });
  await lose();
  // A million of them, and the place behind all that there are.
  await redis.set(place, "ffffffff-ffff-4fff-bfff-ffffffffffff 999998 1000000");
  expect(await run()).toMatchObject({ checked: 1, scheduled: 1 });
  expect(await rig.job(later)).toBeNull();
  expect(await run()).toMatchObject({ checked: 3, scheduled: 1 });
  await lose();
  await redis.set(place, "ffffffff-ffff-4fff-bfff-ffffffffffff 999998 1000000");
  await redis.del(place); // with everything else
  expect(await run()).toMatchObject({ checked: 2, scheduled: 2 });

  // Emptied while it runs: what it had added may be gone.
  const emptied = reconcile({
    ...{ pool: rig.pool, queues: rig.queues, orphans: new OrphanSearch(rig.pool), now: () => new Date() },
    ...{ overdueSpreadMs: 0, deriving: [], whole: false, onPage: () => void redis.del(place) },
  });
  expect(await emptied).toMatchObject({ checked: 2 });
  expect(await redis.get(place)).toBeNull();
});

test("a worker holds a connection for those providers that have jobs, and takes the first job of another within a second", async () => {
  const rig = await createRig();
  const worker = await rig.start("worker");
  const ready = worker.lines().find(({ msg }) => msg === "worker ready");
  expect(ready).toMatchObject({ queues: ["notifications", "sync", "bulk"] });
  const { id } = await rig.connect();
  await comesDue(rig, id);
  await until("it is refreshed", async () => (await rig.row(id)).generation === 2, 4000);
});
