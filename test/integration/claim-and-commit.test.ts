import { expect, test } from "vitest";
import { patch } from "../support/drive.ts";
import { engineOf } from "../support/engine-of.ts";
import { createRig, hasty } from "../support/rig.ts";

const job = (connectionId: string) =>
  ({ connectionId, trigger: "scheduled", generation: 1, onlyDue: true, force: false }) as const;

test("a job that comes before its time is refused by the claim, however often", async () => {
  const rig = await createRig({ env: hasty });
  const { engine } = engineOf(rig.env);
  const { id } = await rig.connect();
  const early = await patch(rig, id, "next_refresh_at = now() + interval '10 seconds'");
  for (let n = 0; n < 2; n++) {
    expect(await engine.runRefresh(job(id))).toMatchObject({ why: "not_due", until: early.next_refresh_at });
  }
  expect(await rig.row(id)).toMatchObject({ generation: 1, lease_owner: null, lease_started_at: null });
  expect(await rig.server.summary()).toMatchObject({ requests: 0 });
});

test("a job that comes a moment early is not sent away: timers round", async () => {
  const rig = await createRig({ env: hasty });
  const { engine } = engineOf(rig.env);
  const { id } = await rig.connect();
  await patch(rig, id, "next_refresh_at = now() + interval '600 milliseconds'");
  expect(await engine.runRefresh(job(id))).toMatchObject({ kind: "settled", committed: "committed" });
});

test("a connection that nobody schedules is not claimed by a job", async () => {
  const rig = await createRig({ env: hasty });
  const { engine } = engineOf(rig.env);
  const { id } = await rig.connect();
  await patch(rig, id, "next_refresh_at = NULL");
  expect(await engine.runRefresh(job(id))).toMatchObject({ why: "not_due", until: null });
  expect(await rig.server.summary()).toMatchObject({ requests: 0 });
});

test("an answer without a refresh token leaves the stored one where it is, to be spent again", async () => {
  const rig = await createRig({ env: hasty });
  const { id } = await rig.connect();
  const before = await rig.row(id);
  const body = JSON.stringify({ access_token: "fresh-access-token", expires_in: 1800 });
  const headers = { "content-type": "application/json" };
  await rig.server.behave({ kind: "lie", status: 200, headers, body }, { next: 1 });
  expect(await rig.client.refresh(id)).toMatchObject({ accessToken: "fresh-access-token", generation: 2 });
  expect((await rig.row(id)).refresh_token).toBe(before.refresh_token);
  expect((await rig.row(id)).next_refresh_at).not.toBeNull();
  expect(await rig.client.refresh(id)).toMatchObject({ generation: 3 });
  expect((await rig.row(id)).refresh_token).not.toBe(before.refresh_token);
});
