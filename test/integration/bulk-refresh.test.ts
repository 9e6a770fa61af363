import { refreshAllExpiring } from "@evertoken/engine/internal";
import { expect, test } from "vitest";
import { events, patch } from "../support/drive.ts";
import { engineOf } from "../support/engine-of.ts";
import { createRig, hasty, type Rig } from "../support/rig.ts";
import { lies } from "../support/token-server.ts";

const everything = async ({ pool }: Rig) => (await pool.query("SELECT * FROM connections ORDER BY id")).rows;

test("a dry run names what would be done and changes nothing; the run does it, with progress and a count of failures", async () => {
  const rig = await createRig({ env: { ...hasty, QUICK_RETRY_MS: "60000", QUICK_RETRY_CAP_MS: "60000" } });
  const soon = await Promise.all(Array.from({ length: 10 }, () => rig.connect({ expiresIn: 3600 })));
  const [failing, throttled] = [soon[0]?.id ?? "", soon[1]?.id ?? ""];
  const later = await rig.connect({ expiresIn: 30 * 86_400 });
  const dead = await rig.connect();
  await patch(rig, dead.id, "status = 'needs_reauth', next_refresh_at = NULL");
  await patch(rig, throttled, "not_before = now() + interval '1 hour'");
  await rig.server.behave(lies.serverError, { family: soon[0]?.family ?? "" });

  const before = await everything(rig);
  const dry = await rig.client.refreshAllExpiring({ dryRun: true });
  expect(dry).toMatchObject({ total: 10, refreshed: 0, failed: 0, skipped: 0, pending: 10 });
  expect([...dry.connectionIds].sort()).toEqual(soon.map(({ id }) => id).sort());
  expect((await rig.client.refreshAllExpiring({ dryRun: true, withinMs: null })).total).toBe(11);
  expect((await rig.client.refreshAllExpiring({ dryRun: true, provider: "hubspot" })).total).toBe(0);
  expect(await everything(rig)).toEqual(before);
  expect((await rig.job(soon[2] as never))?.state).toBe("delayed");

  await rig.start("worker");
  const progress: number[] = [];
  const report = await rig.client.refreshAllExpiring({
    onProgress: ({ pending }) => progress.push(pending),
    timeoutMs: 20_000,
  });
  expect(report).toMatchObject({ total: 10, refreshed: 8, failed: 1, skipped: 1, pending: 0 });
  expect(progress.at(-1)).toBe(0);
  expect(await rig.row(failing)).toMatchObject({ generation: 1, status: "connected" });
  expect(await rig.row(later.id)).toMatchObject({ generation: 1 });
  expect(await rig.log(soon[2]?.id ?? "")).toMatchObject([{ trigger: "bulk", outcome: "granted" }]);
  expect(await rig.server.summary()).toMatchObject({ requests: 9, reuse: 0 });
});

test("with no worker it gives up waiting and says what is pending", async () => {
  const rig = await createRig();
  await rig.connect();
  expect(await rig.client.refreshAllExpiring({ timeoutMs: 300 })).toMatchObject({ total: 1, refreshed: 0, pending: 1 });
});

test("after a provider refused many by mistake, all of them are asked for once more; the dead ones stay as they are", async () => {
  // As before such numbers were doubted.
  const rig = await createRig({ env: { ...hasty, DENIALS_TO_SUSPECT: "1000" } });
  await rig.start("worker");
  const connections = await Promise.all(Array.from({ length: 30 }, () => rig.connect()));
  await rig.server.behave(lies.invalidGrant);
  expect(await rig.client.refreshAllExpiring()).toMatchObject({ total: 30, failed: 30, refreshed: 0 });
  for (const { id } of connections) expect(await rig.row(id)).toMatchObject({ status: "needs_reauth" });

  await rig.server.behave({ kind: "honest" });
  const dead = connections[0];
  await rig.server.behave(lies.invalidGrant, { family: dead?.family ?? "" });
  expect(await rig.client.refreshAllExpiring({ withinMs: null })).toMatchObject({ total: 0 });
  const again = await rig.client.refreshAllExpiring({ needsReauth: true });
  expect(again).toMatchObject({ total: 30, refreshed: 29, failed: 1, failedIds: [dead?.id], pending: 0 });
  for (const { id } of connections.slice(1)) {
    expect(await rig.row(id)).toMatchObject({ status: "connected", generation: 2 });
  }
  expect(await rig.row(dead?.id ?? "")).toMatchObject({ status: "needs_reauth", generation: 1, next_refresh_at: null });
  expect((await events(rig, dead?.id)).filter((event) => event === "connection.needs_reauth")).toHaveLength(1);
  expect(await rig.server.summary()).toMatchObject({ reuse: 0, overlapping: 0 });
});

test("what an open circuit holds back is not waited for", async () => {
  const rig = await createRig({ env: hasty });
  await rig.start("worker");
  const connections = await Promise.all(Array.from({ length: 5 }, () => rig.connect()));
  await rig.server.behave(lies.invalidClient);
  const report = await rig.client.refreshAllExpiring({ timeoutMs: 20_000 });
  expect(report).toMatchObject({ total: 5, refreshed: 0, pending: 0 });
  expect(report.failed).toBeGreaterThan(0);
  for (const { id } of connections) expect(await rig.row(id)).toMatchObject({ status: "connected" });
});

test("a run that goes on leaves out what it has done, and still what cannot be refreshed", async () => {
  const rig = await createRig();
  const [done, left, never] = [await rig.connect(), await rig.connect(), await rig.connect()];
  await patch(rig, done.id, "last_refresh_at = now()");
  await patch(rig, never.id, "refresh_token = NULL");
  const notSince = new Date(Date.now() - 60_000);
  const { engine } = engineOf(rig.env);
  expect((await refreshAllExpiring(engine, { dryRun: true, notSince })).connectionIds).toEqual([left.id]);
});
