import { setTimeout as sleep } from "node:timers/promises";
import type { Engine } from "./engine.ts";
import { EvertokenError, withStore } from "./evertoken-error.ts";
import { scheduleNow } from "./schedule.ts";

export interface BulkOptions {
  /** Those whose access token ends within this time; null: all that can be refreshed. Default 24 hours. */
  readonly withinMs?: number | null;
  readonly provider?: string;
  /** Say what would be done, and change nothing. */
  readonly dryRun?: boolean;
  /** Give up waiting for the jobs after this time. Default 10 minutes. */
  readonly timeoutMs?: number;
  readonly onProgress?: (progress: BulkReport) => void;
  /** Leave out what was refreshed after this time: a run that goes on where another one was cut short. */
  readonly notSince?: Date;
  /** Stops waiting; what was brought forward runs all the same. */
  readonly signal?: AbortSignal;
}

export interface BulkReport {
  readonly total: number;
  readonly refreshed: number;
  readonly failed: number;
  /** Not scheduled: needs the user, or was throttled. */
  readonly skipped: number;
  /** Still running when we stopped waiting. */
  readonly pending: number;
  readonly connectionIds: readonly string[];
  readonly failedIds: readonly string[];
}

const pageSize = 500;
const pollMs = 200;
const atOnce = 50;

interface Waiting {
  readonly id: string;
  readonly generation: number;
}

/** Brings the jobs of all expiring connections forward and waits for them. */
export async function refreshAllExpiring(engine: Engine, options: BulkOptions = {}): Promise<BulkReport> {
  const started = new Date();
  const ids = await candidates(engine, options, started);
  const total = ids.length;
  const failedIds: string[] = [];
  const report = { total, refreshed: 0, failed: 0, skipped: 0, pending: total, connectionIds: ids, failedIds };
  if (options.dryRun === true) return report;

  const waiting = new Map<string, Waiting>();
  for (let start = 0; start < ids.length; start += atOnce) {
    options.signal?.throwIfAborted();
    const jobs = await Promise.all(ids.slice(start, start + atOnce).map((id) => bringForward(engine, id)));
    for (const job of jobs) {
      if (job === null) report.skipped++;
      else waiting.set(job.id, job);
    }
  }
  report.pending = waiting.size;
  const deadline = Date.now() + (options.timeoutMs ?? 600_000);
  while (waiting.size > 0) {
    await settleWaiting(engine, waiting, started, report);
    report.pending = waiting.size;
    options.onProgress?.({ ...report });
    if (Date.now() > deadline) break;
    if (waiting.size > 0)
      await sleep(pollMs, undefined, options.signal === undefined ? {} : { signal: options.signal });
  }
  return report;
}

async function candidates(engine: Engine, options: BulkOptions, now: Date): Promise<string[]> {
  const withinMs = options.withinMs === undefined ? 86_400_000 : options.withinMs;
  const ids: string[] = [];
  for (let after: string | undefined; ; ) {
    const page = await withStore(() =>
      engine.prisma.connection.findMany({
        select: { id: true },
        where: {
          authType: "oauth2",
          status: { in: ["connected", "token_expired", "error"] },
          nextRefreshAt: { not: null },
          OR: [{ refreshToken: { not: null } }, { provider: { in: spendingAccessTokens(engine) } }],
          ...(withinMs === null ? {} : { expiresAt: { lte: new Date(now.getTime() + withinMs) } }),
          ...(options.notSince === undefined
            ? {}
            : { OR: [{ lastRefreshAt: null }, { lastRefreshAt: { lt: options.notSince } }] }),
          ...(options.provider === undefined ? {} : { provider: options.provider }),
          ...(after === undefined ? {} : { id: { gt: after } }),
        },
        orderBy: { id: "asc" },
        take: pageSize,
      }),
    );
    ids.push(...page.map(({ id }) => id));
    after = page.at(-1)?.id;
    if (page.length < pageSize) return ids;
  }
}

/** Their access token is what is exchanged; all others need a refresh token. */
function spendingAccessTokens({ providers }: Engine): string[] {
  const spending = providers.all().filter(({ policy }) => policy.spends === "access_token");
  return spending.map(({ provider }) => provider.id);
}

async function bringForward(engine: Engine, id: string): Promise<Waiting | null> {
  try {
    const { generation, dueAt } = await scheduleNow(engine, id, { trigger: "bulk" });
    return dueAt.getTime() > Date.now() ? null : { id, generation };
  } catch (error) {
    if (error instanceof EvertokenError && error.code !== "store_unavailable" && error.code !== "queue_unavailable")
      return null;
    throw error;
  }
}

/** A job is done when the generation has moved, or an attempt of it stands in the log. */
async function settleWaiting(
  { pool }: Engine,
  waiting: Map<string, Waiting>,
  since: Date,
  report: { refreshed: number; failed: number; failedIds: string[] },
): Promise<void> {
  const jobs = [...waiting.values()];
  const { rows } = await withStore(() =>
    pool.query<{ id: string; refreshed: boolean }>(
      `SELECT w.id::text AS id, c.generation > w.generation AS refreshed
       FROM unnest($1::uuid[], $2::int[]) AS w(id, generation) JOIN connections c ON c.id = w.id
       WHERE c.generation > w.generation OR EXISTS (
         SELECT 1 FROM token_refresh_log l
         WHERE l.connection_id = w.id AND l.generation = w.generation AND NOT l.success AND l.created_at >= $3)`,
      [jobs.map(({ id }) => id), jobs.map(({ generation }) => generation), since],
    ),
  );
  for (const { id, refreshed } of rows) {
    waiting.delete(id);
    if (refreshed) report.refreshed++;
    else {
      report.failed++;
      report.failedIds.push(id);
    }
  }
}
