import { readSettings } from "@evertoken/engine/internal";
import { isOverdue, lostSchedules, registerSchedules, restoreSchedules } from "@evertoken/operations";
import { expect, test } from "vitest";
import { runInProcess } from "../e2e/evertoken-command.ts";
import { runTask } from "../support/drive.ts";
import { createRig, type Rig, type Row, until } from "../support/rig.ts";

const queueOf = ({ queues }: Rig) => queues.fixed("maintenance");
const lost = (rig: Rig, now = new Date()) =>
  lostSchedules(queueOf(rig), readSettings(rig.env, () => "").config.schedules, now);

async function removeIteration(rig: Rig, name: string): Promise<void> {
  const next = (await queueOf(rig).getJobScheduler(name))?.next;
  const { redis } = rig.queues; // BullMQ itself refuses to remove it
  await redis.zrem(queueOf(rig).toKey("delayed"), `repeat:${name}:${next}`);
  await redis.del(queueOf(rig).toKey(`repeat:${name}:${next}`));
}

test("a task that lost its next iteration, and one that was set a day ahead by a wrong clock, come back", async () => {
  const rig = await createRig({ env: { PRUNE_CRON: "0 3 1 1 *" } });
  const scheduler = await rig.start("scheduler");
  expect(await lost(rig)).toEqual([]);

  await removeIteration(rig, "reconcile");
  await removeIteration(rig, "prune");
  const dayAhead = { pattern: "*/5 * * * *", startDate: Date.now() + 86_400_000 };
  await queueOf(rig).upsertJobScheduler("sweep", dayAhead, { name: "sweep" });
  expect((await lost(rig)).sort()).toEqual(["prune", "reconcile", "sweep"]);

  await until("all are back", async () => (await lost(rig)).length === 0, 25_000);
  expect(scheduler.output()).toContain("schedules are gone");
  expect(await scheduler.stop()).toBe(0);
});

test("who rebuilds Redis by command puts lost tasks back as well, but none that no scheduler ever took", async () => {
  const rig = await createRig();
  const restored = async () => {
    const { code, stdout } = await runInProcess(["reconcile", "--json"], { env: rig.env });
    expect(code).toBe(0);
    return JSON.parse(stdout).schedulesRestored;
  };
  expect(await restored()).toBe(0);
  const scheduler = await rig.start("scheduler");
  await runTask(rig, "reconcile");
  await scheduler.stop();
  await removeIteration(rig, "prune");
  expect(await restored()).toBe(1);
  expect(await lost(rig)).toEqual([]);
});

test("a scheduler that restores what another one restores at the same moment is not ended by it", async () => {
  const rig = await createRig();
  const { schedules } = readSettings(rig.env, () => "").config;
  const queue = queueOf(rig);
  const remove = queue.remove.bind(queue);
  queue.remove = async (id) => {
    await registerSchedules(queue, schedules, ["reconcile", "prune"]);
    return remove(id);
  };
  await restoreSchedules(queue, schedules, ["reconcile", "prune"]);
  expect(await lost(rig)).not.toContain("reconcile");
  queue.remove = () => Promise.reject(new Error("Redis is away"));
  await expect(restoreSchedules(queue, schedules, ["prune"])).rejects.toThrow("Redis is away");
});

test("a reconcile that nobody runs is said by every scheduler, whoever ran it last", async () => {
  const rig = await createRig();
  const schedulers = [await rig.start("scheduler"), await rig.start("scheduler")];
  const said = () =>
    Promise.all(
      schedulers.map(async ({ port }) => (await fetch(`http://127.0.0.1:${port}/readyz`)).json() as Promise<Row>),
    );
  await until(
    "it ran",
    async () => (await rig.pool.query("SELECT FROM task_runs WHERE task = 'reconcile'")).rowCount === 1,
  );
  for (const { checks } of await said()) expect(checks).toMatchObject({ reconcile: "ok" });

  await queueOf(rig).pause();
  await rig.pool.query("UPDATE task_runs SET ended_at = now() - interval '5 minutes'");
  for (const answer of await said()) {
    expect(answer).toMatchObject({
      ready: false,
      checks: { reconcile: expect.stringMatching(/^has not run for 5 min/) },
    });
  }
  await queueOf(rig).resume();
  await runTask(rig, "reconcile");
  for (const answer of await said()) expect(answer).toMatchObject({ ready: true });
});

const schedules = { reconcile: "* * * * *", sweep: "*/5 * * * *", dailySweep: "0 2 * * *", prune: "30 3 * * *" };
test.each([
  // In the night in which clocks go back, two o'clock comes twice, and in the other one not at all.
  ["Europe/Berlin", "2027-10-31T03:00:00Z", "2027-10-30T00:00:10Z", true],
  ["Europe/Berlin", "2027-10-31T03:00:00Z", "2027-10-31T00:00:10Z", false],
  ["Europe/Berlin", "2027-03-28T03:00:00Z", "2027-03-27T01:00:10Z", true],
  ["Europe/Berlin", "2027-03-28T03:00:00Z", "2027-03-28T01:00:10Z", false],
] as const)("the daily sweep in %s at %s, after one at %s, is overdue: %s", (timeZone, now, ended, overdue) => {
  const all = { ...schedules, timeZone };
  expect(isOverdue("daily-sweep", all, new Date(ended), new Date(now))).toBe(overdue);
});
