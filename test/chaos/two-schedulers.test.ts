import { expect, test } from "vitest";
import type { AppProcess } from "../support/app-process.ts";
import { type Rig, until } from "../support/rig.ts";
import { createChaosRig, expectNoToken } from "./chaos.ts";
import { insertConnections } from "./insert-connections.ts";

const count = 500;
const everyMs = 1000;
const iterations = 6;

/** When each finished iteration of reconcile was due; the job's id tells. */
async function finished(rig: Rig): Promise<number[]> {
  const jobs = await rig.queues.fixed("maintenance").getCompleted(0, -1);
  const ids = jobs.map(({ id }) => /^repeat:reconcile:(\d+)$/.exec(id ?? "")?.[1]);
  return ids.filter((ms) => ms !== undefined).map(Number);
}

const runs = (app: AppProcess) => app.lines().filter(({ msg }) => msg === "reconcile done");

test("two schedulers start at once: one job per connection, each iteration runs once, one may die", async () => {
  const rig = await createChaosRig();
  const queue = rig.queues.refreshQueue(rig.provider);
  await insertConnections(rig, count, () => new Date(Date.now() + 3_600_000));
  const env = { RECONCILE_CRON: "* * * * * *" };
  const schedulers = await Promise.all([rig.start("scheduler", env), rig.start("scheduler", env)]);
  const [one, two] = schedulers as [AppProcess, AppProcess];
  await until("some iterations ran", async () => (await finished(rig)).length >= iterations, 30_000);

  expect(await queue.getJobCounts("delayed", "wait", "prioritized", "active", "completed", "failed")).toEqual({
    ...{ delayed: count, wait: 0, prioritized: 0, active: 0, completed: 0, failed: 0 },
  });
  expect(await rig.queues.fixed("maintenance").getJobSchedulersCount()).toBe(6);

  await one.stop("SIGKILL");
  const before = (await finished(rig)).length;
  await until("the other one goes on", async () => (await finished(rig)).length >= before + 3, 30_000);
  expect(await two.stop()).toBe(0);

  const due = (await finished(rig)).sort((a, b) => a - b);
  expect(new Set(due).size).toBe(due.length);
  for (const [index, ms] of due.entries())
    if (index > 0) expect(ms - (due[index - 1] as number)).toBeGreaterThanOrEqual(everyMs);
  // Each scheduler asks for one run at its start; asked for at once, that is one, else two.
  const ran = [...runs(one), ...runs(two)];
  expect(ran.length - due.length).toBeGreaterThanOrEqual(1);
  expect(ran.length - due.length).toBeLessThanOrEqual(2);
  expect(ran.reduce((sum, { scheduled }) => sum + Number(scheduled), 0)).toBe(count);
  expectNoToken(one.output(), two.output());
});
