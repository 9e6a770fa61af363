import { expect, test } from "vitest";
import { attempts, comesDue, patch, runTask } from "../support/drive.ts";
import { createRig, hasty, type Rig, until } from "../support/rig.ts";
import { lies } from "../support/token-server.ts";

const never = "0 0 1 1 *";

async function afterALostAnswer(expiresIn = 1800) {
  const rig = await createRig({
    env: { ...hasty, ON_DEMAND_COOLDOWN_MS: "50", OVERDUE_SPREAD_MS: "1", SWEEP_CRON: never, DAILY_SWEEP_CRON: never },
  });
  const connection = await rig.connect({ expiresIn });
  await rig.server.behave(lies.empty200, { family: connection.family });
  await rig.start("worker");
  await rig.client.scheduleNow(connection.id);
  await attempts(rig, connection.id, 1);
  return { rig, ...connection };
}

/** All that can ask for a refresh without force, each as insistent as it can be. */
async function askInEveryWay(rig: Rig, id: string): Promise<void> {
  const { user_id: userId, provider, generation } = await rig.row(id);
  for (let n = 0; n < 3; n++) {
    const served = await rig.client.getAccessToken({ userId, provider }, { minTtlSeconds: 7200 });
    expect(served).toMatchObject({ generation, warning: { code: "answer_lost" } });
    await new Promise((resolve) => setTimeout(resolve, 60)); // longer than the readers' cool-down, which is not meant here
  }
  expect(await rig.client.refresh(id)).toMatchObject({ generation, warning: { code: "answer_lost" } });
  const { dueAt } = await rig.client.scheduleNow(id);
  expect(dueAt).toEqual((await rig.row(id)).not_before);
  const bulk = await rig.client.refreshAllExpiring({ withinMs: null, timeoutMs: 3000 });
  expect(bulk).toMatchObject({ total: 1, refreshed: 0 });
  await rig.queues.bringForward({ id, provider, generation }, { trigger: "sweep" });
  await until("the job waits again", async () => (await rig.job({ id, generation }))?.state === "delayed");
  await runTask(rig, "sweep");
  await runTask(rig, "reconcile");
  await until("the job waits again", async () => (await rig.job({ id, generation }))?.state === "delayed");
}

test("while the access token lives no trigger presents a single-use token whose answer was lost, and force does so once", async () => {
  const { rig, id, family } = await afterALostAnswer();
  await rig.start("scheduler");
  const presented = async () => (await rig.server.presentations({ family })).length;
  await askInEveryWay(rig, id);
  expect(await presented()).toBe(1);

  expect(await rig.client.refresh(id, { force: true })).toMatchObject({ warning: { code: "answer_lost" } });
  expect(await presented()).toBe(2);
  const row = await rig.row(id);
  expect(row).toMatchObject({ lost_answers: 2, status: "connected", not_before: row.expires_at });
  await askInEveryWay(rig, id);
  expect(await presented()).toBe(2);
});

test("a forced attempt that never left leaves the rule standing", async () => {
  const { rig, id } = await afterALostAnswer();
  const { not_before } = await rig.row(id);
  await rig.server.stop();
  expect(await rig.client.refresh(id, { force: true })).toMatchObject({ warning: { code: "provider_unavailable" } });
  expect(await attempts(rig, id, 2)).toMatchObject([{ outcome: "uncertain" }, { outcome: "unsent" }]);
  expect(await rig.row(id)).toMatchObject({ not_before, next_refresh_at: not_before, lost_answers: 1 });
  expect(await rig.client.refresh(id)).toMatchObject({ warning: { code: "answer_lost" } });
  expect(await rig.log(id)).toHaveLength(2);
});

test("once the access token has ended, whoever asks for a token gets the retry", async () => {
  const { rig, id, family } = await afterALostAnswer();
  await rig.server.behave({ kind: "honest" }, { family });
  await patch(rig, id, "expires_at = now() - interval '1 second', not_before = now() - interval '1 second'");
  const served = () => rig.client.getAccessToken(id).catch(() => null);
  expect(await until("a reader gets it", served)).toMatchObject({ generation: 2, warning: null });
});

test("a token of seconds gets its careful try before its end", async () => {
  const { rig, id } = await afterALostAnswer(6);
  const row = await rig.row(id);
  expect(row.not_before.getTime()).toBeLessThan(row.expires_at.getTime());
  const [, second] = await attempts(rig, id, 2);
  expect(second?.created_at.getTime()).toBeLessThan(row.expires_at.getTime());
});

test("the careful try that works leaves no mark", async () => {
  const { rig, id, family } = await afterALostAnswer();
  await rig.server.behave({ kind: "honest" }, { family });
  await comesDue(rig, id);
  await until("it is refreshed", async () => (await rig.row(id)).generation === 2);
  expect(await rig.row(id)).toMatchObject({ lost_answers: 0, not_before: null, last_error_code: null });
});
