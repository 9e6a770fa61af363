import type { Config } from "@evertoken/adapters";
import type { Queue } from "bullmq";
import { CronExpressionParser } from "cron-parser";

type Schedules = Config["schedules"];

/** When each maintenance task runs. */
function taskCrons(schedules: Schedules): Record<TaskName, string> {
  return {
    ...{ reconcile: schedules.reconcile, stats: "* * * * *", sweep: schedules.sweep, partitions: "20 * * * *" },
    ...{ "daily-sweep": schedules.dailySweep, prune: schedules.prune },
  };
}

export type TaskName = "reconcile" | "stats" | "sweep" | "partitions" | "daily-sweep" | "prune";

/** Registers tasks as BullMQ job schedulers: the next iteration of each, in place of whatever stands there. */
export async function registerSchedules(queue: Queue, schedules: Schedules, names: readonly TaskName[]): Promise<void> {
  const crons = taskCrons(schedules);
  for (const name of names) {
    await queue.upsertJobScheduler(name, { pattern: crons[name], tz: schedules.timeZone }, { name });
  }
}

/** What is left of a lost iteration has the id of the next one, and would stand in its way. */
export async function restoreSchedules(queue: Queue, schedules: Schedules, lost: readonly TaskName[]): Promise<void> {
  for (const name of lost) {
    await queue.removeJobScheduler(name);
    const next = runAfter(taskCrons(schedules)[name], schedules, new Date());
    await queue.remove(iterationOf(name, next.getTime())).catch(async (error: unknown) => {
      // Another scheduler that looked at the same moment has restored it: the iteration belongs to that.
      if ((await queue.getJobScheduler(name)) === undefined) throw error;
    });
  }
  await registerSchedules(queue, schedules, lost);
}

/** As BullMQ names them. */
const iterationOf = (name: TaskName, at: number) => `repeat:${name}:${at}`;

/** Registered by a process whose clock was wrong, an iteration may be far away. */
const slackMs = 60_000;

/**
 * The tasks that will not run when they should: their schedule is gone, its next iteration is no job that waits or runs, or stands
 * later than the clock says. A moment after an iteration was taken, the next one may not be there yet: look twice.
 */
export async function lostSchedules(queue: Queue, schedules: Schedules, now: Date): Promise<TaskName[]> {
  const lost: TaskName[] = [];
  for (const [name, cron] of Object.entries(taskCrons(schedules)) as [TaskName, string][]) {
    const next = (await queue.getJobScheduler(name))?.next;
    const latest = runAfter(cron, schedules, now).getTime() + slackMs;
    if (next === undefined || next > latest || !(await isAhead(queue, iterationOf(name, next)))) lost.push(name);
  }
  return lost;
}

const ahead: ReadonlySet<string> = new Set(["delayed", "waiting", "prioritized", "active"]);
const isAhead = async (queue: Queue, jobId: string) => ahead.has(await queue.getJobState(jobId));

/** A task runs for a while, and a scheduler that died with it is waited for. */
const graceMs = 180_000;

/** Whether the run that follows the last one should have ended by now. Asked forward, as BullMQ asks: backward, summer time differs. */
export function isOverdue(name: TaskName, schedules: Schedules, endedAt: Date, now: Date): boolean {
  return runAfter(taskCrons(schedules)[name], schedules, endedAt).getTime() < now.getTime() - graceMs;
}

const runAfter = (cron: string, { timeZone: tz }: Schedules, currentDate: Date) =>
  CronExpressionParser.parse(cron, { tz, currentDate }).next().toDate();
