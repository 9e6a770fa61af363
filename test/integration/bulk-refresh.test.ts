import { expect, test } from "vitest";
import { patch } from "../support/drive.ts";
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
