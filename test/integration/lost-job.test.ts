import { jobId } from "@evertoken/core";
import { OrphanSearch, reconcile } from "@evertoken/operations";
import { expect, test } from "vitest";
import { patch } from "../support/drive.ts";
import { createRig } from "../support/rig.ts";

test("a job that fell out of every list of its queue is replaced once it is long overdue", async () => {
  const rig = await createRig();
  const connection = await rig.connect();
  const queue = rig.queues.refreshQueue("acme");
  await rig.queues.redis.zrem(queue.toKey("delayed"), jobId(connection.id, 1));
  const run = () =>
    reconcile({
      ...{ pool: rig.pool, queues: rig.queues, orphans: new OrphanSearch(rig.pool), now: () => new Date() },
      ...{ overdueSpreadMs: 0, deriving: [] },
    });

  expect(await run()).toMatchObject({ checked: 1, scheduled: 0 }); // not due yet: it may be on its way between two lists
  await patch(rig, connection.id, "next_refresh_at = now() - interval '10 minutes'");
  expect(await run()).toMatchObject({ checked: 1, scheduled: 1 });
  expect(await rig.job(connection)).toMatchObject({ state: expect.stringMatching(/delayed|prioritized/) });
});
