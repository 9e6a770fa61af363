import { expect, test } from "vitest";
import { patch } from "../support/drive.ts";
import { type Connected, createRig, hasty, type Rig, until } from "../support/rig.ts";
import { lies } from "../support/token-server.ts";

/** A refresh whose request is at the provider while `meanwhile` happens. */
async function overtaken(rig: Rig, { id }: Connected, meanwhile: () => Promise<unknown>): Promise<void> {
  const gate = await rig.server.hold({ at: "received" });
  const asking = rig.client.refresh(id);
  await rig.server.holding({ id: gate });
  await meanwhile();
  await rig.server.release(gate);
  await asking.catch(() => {});
}

const otherHolder = "lease_owner = 'another:1', lease_until = now() + interval '1 minute'";
const otherStored = "generation = generation + 1, lease_owner = NULL, lease_until = NULL";
const isDue = (row: { next_refresh_at: Date }) => row.next_refresh_at.getTime() < Date.now() + 1000;

test("a grant that a second presentation has ended does not stay green: it is due at once", async () => {
  const rig = await createRig({ env: { ...hasty, OVERDUE_SPREAD_MS: "500" } });
  const connection = await rig.connect();
  await overtaken(rig, connection, async () => {
    await patch(rig, connection.id, otherStored);
    await rig.server.revokeFamily(connection.family);
  });
  expect(await rig.row(connection.id)).toMatchObject({ status: "connected", generation: 2, check_generation: 2 });
  expect(isDue((await rig.row(connection.id)) as never)).toBe(true);
  await rig.start("worker");
  await rig.start("scheduler");
  await until("the dead grant is found", async () => (await rig.row(connection.id)).status === "needs_reauth");
});

test("a refusal while another one's request is under way marks what that will bring, once", async () => {
  const rig = await createRig({ env: hasty });
  const connection = await rig.connect();
  await rig.server.behave(lies.empty200, { next: 1 });
  await overtaken(rig, connection, () => patch(rig, connection.id, otherHolder));
  // Whoever lost the lease has nothing to say about a connection that another one holds.
  const untouched = { lease_owner: "another:1", lost_answers: 0, failing_since: null, last_error_code: null };
  expect(await rig.row(connection.id)).toMatchObject({ generation: 1, check_generation: 2, ...untouched });
  expect(isDue((await rig.row(connection.id)) as never)).toBe(false);

  await patch(rig, connection.id, "lease_owner = NULL, lease_until = NULL");
  await rig.client.refresh(connection.id);
  expect(await rig.row(connection.id)).toMatchObject({ generation: 2 });
  expect(isDue((await rig.row(connection.id)) as never)).toBe(true);
  await rig.client.refresh(connection.id);
  expect(await rig.row(connection.id)).toMatchObject({ generation: 3, status: "connected" });
  expect(isDue((await rig.row(connection.id)) as never)).toBe(false);
});

test("who is overtaken by a reconnect, by a grant that was refreshed again since, or by a mark of another one, marks nothing", async () => {
  const rig = await createRig({ env: hasty });
  const [reconnected, newer, marked] = [await rig.connect(), await rig.connect(), await rig.connect()];
  await rig.server.behave(lies.empty200);
  await overtaken(rig, reconnected, () => patch(rig, reconnected.id, `${otherStored}, connected_at = now()`));
  await overtaken(rig, newer, () => patch(rig, newer.id, "generation = 3, lease_owner = NULL"));
  // It is asked ever more rarely as it is.
  await overtaken(rig, marked, () => patch(rig, marked.id, `${otherStored}, status = 'error'`));
  for (const { id } of [reconnected, newer, marked])
    expect(await rig.row(id)).toMatchObject({ check_generation: null });
});
