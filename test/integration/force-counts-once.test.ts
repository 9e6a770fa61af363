import { expect, test } from "vitest";
import { attempts, comesDue, patch } from "../support/drive.ts";
import { type Connected, createRig, hasty, type Rig, until } from "../support/rig.ts";
import { lies } from "../support/token-server.ts";

/** Scheduled by force, as an operator does. @returns its log once this attempt is over */
async function force(rig: Rig, { id, generation }: Connected) {
  const { length } = await rig.log(id);
  await until("its job is at rest", async () => (await rig.job({ id, generation }))?.state !== "active");
  await rig.client.scheduleNow(id, { force: true });
  return attempts(rig, id, length + 1);
}

test("an order by force gets through an open circuit once, in place of the next probe; what follows waits", async () => {
  const rig = await createRig({ env: { ...hasty, CIRCUIT_PROBE_MS: "60000" } });
  await rig.server.setClient({ id: "client", secret: "another secret" });
  const connection = await rig.connect();
  const { id, generation } = connection;
  await rig.start("worker");
  await comesDue(rig, id);
  await attempts(rig, id, 1);
  await force(rig, connection);
  await until("the job waits", async () => (await rig.job({ id, generation }))?.state === "delayed");
  expect((await rig.job({ id, generation }))?.data).not.toHaveProperty("force");
  const { rows } = await rig.pool.query(
    "SELECT next_probe_at > now() + interval '50 seconds' AS put_off FROM circuits",
  );
  expect(rows).toEqual([{ put_off: true }]);
  // Its time comes: it is held as any other.
  await comesDue(rig, id);
  await until("the job waits again", async () => {
    const job = await rig.job({ id, generation });
    return job?.state === "delayed" && job.dueAt !== null && job.dueAt.getTime() > Date.now() + 10_000;
  });
  expect(await rig.log(id)).toHaveLength(2);
});

test("retries of a forced attempt heed the wait that the provider asks for", async () => {
  const rig = await createRig({ env: hasty });
  const connection = await rig.connect();
  const { id, family, generation } = connection;
  await rig.start("worker");
  await rig.server.behave(lies.unavailable(), { family });
  await patch(rig, id, "not_before = now() + interval '10 minutes'");
  await force(rig, connection);
  await until("the job waits", async () => {
    const job = await rig.job({ id, generation });
    return job?.state === "delayed" && job.dueAt !== null && job.dueAt.getTime() > Date.now() + 60_000;
  });
  expect(await rig.log(id)).toHaveLength(1);
});

test("a dead grant that is tried by force is not tried again by itself, whatever the answer", async () => {
  const rig = await createRig({ env: hasty });
  const connection = await rig.connect();
  const { id, family, generation } = connection;
  await rig.start("worker");
  await rig.server.revokeFamily(family);
  await comesDue(rig, id);
  await attempts(rig, id, 1);
  for (const lie of [lies.redirect(), lies.invalidClient]) {
    await rig.server.behave(lie, { family });
    await force(rig, connection);
    await until("the job is over", async () => (await rig.job({ id, generation }))?.state === "failed");
    expect(await rig.row(id)).toMatchObject({ status: "needs_reauth", next_refresh_at: null });
  }
});
