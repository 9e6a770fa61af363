import {
  addUpRefreshes,
  closeLeftCircuits,
  makePartitions,
  ownsPartitions,
  partitionedTables,
  pruneAudit,
  pruneFaults,
  pruneLog,
  pruneOutbox,
  pruneRefreshStats,
  recordTaskRun,
} from "@evertoken/adapters";
import {
  bulkActions,
  createGrantHashing,
  dropUnconfirmed,
  type Engine,
  nudgeDelivery,
  openQueues,
  pruneConnectSessions,
  restoreSyncs,
} from "@evertoken/engine/internal";
import {
  announceReauth,
  lookAfterRevocations,
  type Metrics,
  OrphanSearch,
  pruneSessions,
  reconcile,
  sweep,
  type TaskName,
} from "@evertoken/operations";

/** The counts that every run reports. */
export type TaskReport = Readonly<Record<string, number>>;

export interface Task {
  readonly name: TaskName;
  /** Also as soon as a scheduler starts. */
  readonly onStart: boolean;
  run(): Promise<TaskReport>;
}

const dayMs = 86_400_000;

/** What keeps Redis and Postgres in step, unattended. */
export function createTasks(engine: Engine): Task[] {
  const { config, pool, queues, providers } = engine;
  const { now } = engine.clock;
  const orphans = new OrphanSearch(pool);
  const hashGrants = createGrantHashing(engine);
  const counted = (windowMs: number, sinceMs: number) => async () => ({
    ...(await sweep({ pool, queues, now, overdueSpreadMs: config.overdueSpreadMs }, windowMs, sinceMs)),
  });
  return [
    {
      name: "reconcile",
      onStart: true,
      async run() {
        await openQueues(engine);
        const { overdueSpreadMs } = config;
        const deriving = providers.all().flatMap(({ provider }) => (provider.derived === null ? [] : [provider.id]));
        const report = await reconcile({ pool, queues, orphans, now, overdueSpreadMs, deriving, whole: false });
        await closeLeftCircuits(pool, config.timing);
        await nudgeDelivery(queues);
        const unconfirmed = await dropUnconfirmed(engine);
        await lookAfterRevocations(engine);
        const grants = await hashGrants();
        const syncsPending = await restoreSyncs(engine);
        // Nothing, ever, once all of a former version are done.
        return { ...report, syncsPending, unconfirmed, ...(grants.hashed + grants.heldTwice === 0 ? {} : grants) };
      },
    },
    {
      name: "stats",
      onStart: true,
      run: async () => ({ added: await addUpRefreshes(pool) }),
    },
    {
      name: "sweep",
      onStart: true,
      async run() {
        const report = await counted(config.sweepWindowMs, config.sweepWindowMs)();
        const reauthDue = await announceReauth(pool, now());
        if (reauthDue > 0) await nudgeDelivery(queues);
        return { ...report, reauthDue };
      },
    },
    {
      name: "partitions",
      onStart: true,
      async run() {
        if (!(await ownsPartitions(pool))) {
          engine.logger.warn(
            "the Postgres user does not own the refresh log: it is not divided any further, and pruned row by row",
          );
          return { made: 0 };
        }
        let made = 0;
        for (const table of partitionedTables) made += await makePartitions(pool, table, now());
        return { made };
      },
    },
    {
      name: "daily-sweep",
      onStart: false,
      run: counted(config.dailySweepWindowMs, dayMs),
    },
    {
      name: "prune",
      onStart: false,
      async run() {
        const before = new Date(now().getTime() - config.keepLogDays * dayMs);
        const granted = new Date(now().getTime() - config.keepGrantedDays * dayMs);
        await pruneFaults(pool, before);
        await pruneRefreshStats(pool, before);
        await bulkActions.prune(engine);
        await pruneConnectSessions(pool);
        const auditRows = await pruneAudit(pool, before);
        const sessions = await pruneSessions(engine);
        const log = await pruneLog(pool, { granted, failed: before });
        const events = await pruneOutbox(pool, before);
        return { logPartitions: log.partitions, logRows: log.rows, auditRows, sessions, events };
      },
    },
  ];
}

/** Runs one task and reports it: in its log line, its metrics, in Postgres for all to see and, as the return value, in its job. */
export async function runTask(task: Task, { logger, pool }: Engine, metrics: Metrics): Promise<TaskReport> {
  const started = Date.now();
  const report = await task.run();
  await recordTaskRun(pool, task.name);
  for (const [count, value] of Object.entries(report)) metrics.maintenance.set({ task: task.name, count }, value);
  logger.info({ task: task.name, ...report, durationMs: Date.now() - started }, `${task.name} done`);
  return report;
}
