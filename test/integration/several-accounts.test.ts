import { expect, test } from "vitest";
import { patch, runTask } from "../support/drive.ts";
import { createRig, hasty, type Rig } from "../support/rig.ts";

const ended = "expires_at = now() - interval '1 hour'";
const sick = [
  ["an error", `status = 'error', ${ended}`],
  ["an error, with a token that lives", "status = 'error'"],
  ["a token that ended", `status = 'token_expired', ${ended}`],
  ["a token that ended and nobody has said so", ended],
  ["no access token yet", "access_token = NULL"],
  ["a user who has to reconnect", "status = 'needs_reauth'"],
  ["nobody any more", "status = 'disconnected', access_token = NULL, refresh_token = NULL"],
] as const;

async function meant(rig: Rig, userId: string): Promise<[string, string]> {
  const token = await rig.client.getAccessToken({ userId, provider: "acme" });
  const health = await rig.client.health(userId);
  return [token.connectionId, health[0]?.connectionId ?? ""];
}

test("of several accounts of a user the working one is meant, whatever has become of a newer one", async () => {
  const rig = await createRig({ env: hasty });
  for (const [what, change] of sick) {
    const works = await rig.connect({ userId: what });
    const newer = await rig.connect({ userId: what });
    await patch(rig, newer.id, change);
    expect(await meant(rig, what), what).toEqual([works.id, works.id]);
  }
  // All else being equal, the one connected last.
  await rig.connect({ userId: "both" });
  const last = await rig.connect({ userId: "both" });
  expect(await meant(rig, "both")).toEqual([last.id, last.id]);
});

test("of two that do not work the better one is meant", async () => {
  const rig = await createRig({ env: hasty });
  const expired = await rig.connect({ userId: "u" });
  const denied = await rig.connect({ userId: "u" });
  await patch(rig, expired.id, `status = 'token_expired', ${ended}`);
  await patch(rig, denied.id, "status = 'needs_reauth'");
  expect(await rig.client.getAccessToken({ userId: "u", provider: "acme" })).toMatchObject({
    connectionId: expired.id,
    generation: 2,
  });
});

test("after a reconnect a token is as old as the reconnect: the daily sweep leaves short ones alone", async () => {
  const rig = await createRig({ env: { RECONCILE_CRON: "0 0 1 1 *", SWEEP_CRON: "0 0 1 1 *" } });
  const again = await rig.connect({ expiresIn: 3600 });
  await patch(rig, again.id, "last_refresh_at = now() - interval '3 days'");
  const due = await rig.client.scheduleNextRefresh(again.id);
  expect(due?.dueAt.getTime()).toBeCloseTo(again.nextRefreshAt?.getTime() ?? 0, -3);
  await rig.start("scheduler");
  expect(await runTask(rig, "daily-sweep")).toMatchObject({ scheduled: 0 });
  expect(await rig.job(again)).toMatchObject({ state: "delayed" });
});
