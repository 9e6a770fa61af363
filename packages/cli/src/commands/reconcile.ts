import { taskAges } from "@evertoken/adapters";
import { type Engine, openQueues } from "@evertoken/engine/internal";
import {
  lostSchedules,
  OrphanSearch,
  reconcile as reconcileQueues,
  restoreSchedules as restoreLost,
} from "@evertoken/operations";
import type { Command } from "commander";
import { auditOperator } from "../audit-operator.ts";
import type { Io } from "../io.ts";
import { withEngine } from "../open.ts";
import { createProgress } from "../progress.ts";
import { requireServices } from "../reachable.ts";
import type { Run } from "../run.ts";

export function addReconcile(program: Command, run: Run): void {
  program
    .command("reconcile")
    .description("rebuild from Postgres what Redis lost: missing jobs, wrong due times, pauses, schedules")
    .action(run(reconcile));
}

async function reconcile(io: Io): Promise<undefined> {
  await withEngine(io, async ({ engine }) => {
    await requireServices(engine);
    await engine.installation.require();
    await openQueues(engine);
    const { pool, queues, config, providers, clock } = engine;
    const orphans = new OrphanSearch(pool);
    const progress = createProgress(io, "checked");
    const total = await pool.query<{ due: number }>(
      "SELECT count(*)::int AS due FROM connections WHERE next_refresh_at IS NOT NULL",
    );
    const { overdueSpreadMs } = config;
    const deriving = providers.all().flatMap(({ provider }) => (provider.derived === null ? [] : [provider.id]));
    const onPage = (checked: number) => progress.update(checked, Math.max(checked, total.rows[0]?.due ?? 0));
    const deps = { pool, queues, orphans, now: clock.now, overdueSpreadMs, onPage, deriving, whole: true };
    const first = await reconcileQueues(deps).finally(() => progress.stop());
    // An orphan is removed when two searches found it; the scheduler's next run would be the second.
    const orphansRemoved = first.orphansRemoved + (await orphans.search(queues));
    await auditOperator(engine, { action: "schedule.reconciled" });
    const report = { ...first, orphansRemoved, schedulesRestored: await restoreSchedules(engine) };
    io.result(report, () => [
      `${report.checked} checked: ${report.scheduled} missing jobs added, ${report.corrected} moved, ` +
        `${report.orphansRemoved} orphans removed, ${report.queuesPaused} queues paused, ` +
        `${report.schedulesRestored} schedules restored`,
    ]);
  });
}

/** Where no scheduler has ever run, nobody would take their jobs. */
async function restoreSchedules({ pool, queues, config }: Engine): Promise<number> {
  if ((await taskAges(pool)).size === 0) return 0;
  const queue = queues.fixed("maintenance");
  const lost = await lostSchedules(queue, config.schedules, new Date());
  await restoreLost(queue, config.schedules, lost);
  return lost.length;
}
