import { describeError, type Queues } from "@evertoken/adapters";
import { parseJobId, type RefreshJobData, type RefreshResult, spreadFraction } from "@evertoken/core";
import type { Engine } from "@evertoken/engine/internal";
import { DelayedError, type Job, RateLimitError, UnrecoverableError } from "bullmq";
import { RefreshFailed } from "./refresh-failed.ts";
import { createSharesQueue, type SharesQueue } from "./shares-queue.ts";

/** What a finished job leaves behind; shown in Bull Board. */
export interface RefreshJobResult {
  readonly outcome: string;
  readonly generation: number | null;
}

/**
 * Runs one refresh job: the order comes from the job's id, everything else from Postgres, and the result becomes one of BullMQ's
 * ways on: completed, retried by its backoff, delayed without being counted, rate limited, or failed for good.
 *
 * A stopping worker waits for the refresh itself, not for the telling of Redis.
 */
export function createRefreshProcessor(engine: Engine, provider: string) {
  const sharesQueue = createSharesQueue(engine.pool);
  return async (job: Job<RefreshJobData>, token?: string): Promise<RefreshJobResult> => {
    const id = parseJobId(job.id ?? "");
    if (id === null) throw new UnrecoverableError("the id of this job is not <connection>-<generation>");
    const { trigger = "scheduled", force = false } = job.data;
    // An order by force is for one attempt: taken off before it, so that whatever becomes of this process no retry is forced as well.
    if (force) await job.updateData({ trigger });
    const result = await run(engine, { ...id, trigger, force });
    if (force && result.kind === "refused" && result.why === "busy") await job.updateData({ trigger, force });
    const now = engine.clock.now();
    const way = wayOn(result, id.generation, now.getTime());
    const { queues } = engine;
    return follow(way, { job, token, queues, provider, connectionId: id.connectionId, now, sharesQueue });
  };
}

async function run(
  engine: Engine,
  order: { connectionId: string; generation: number; trigger: NonNullable<RefreshJobData["trigger"]>; force: boolean },
): Promise<RefreshResult> {
  try {
    return await engine.runRefresh({ ...order, onlyDue: true });
  } catch (error) {
    engine.logger.error({ connection: order.connectionId, err: describeError(error) }, "refresh could not run");
    // The driver's own error may quote values: Redis gets its name only.
    throw new Error(`refresh could not run: ${error instanceof Error ? error.name : "unknown"}`);
  }
}

type WayOn =
  | { readonly kind: "done"; readonly result: RefreshJobResult }
  /** The stored generation is another one: this job only makes sure that the current one exists. */
  | { readonly kind: "moved"; readonly generation: number; readonly dueAt: Date | null }
  | { readonly kind: "retry"; readonly message: string; readonly delayMs: number }
  | { readonly kind: "delay"; readonly until: Date }
  | { readonly kind: "limit"; readonly ms: number }
  | { readonly kind: "fail"; readonly message: string };

/** Pure. */
export function wayOn(result: RefreshResult, generation: number, now: number): WayOn {
  return result.kind === "refused" ? afterRefusal(result) : afterAttempt(result, generation, now);

  function afterRefusal(refused: Extract<RefreshResult, { kind: "refused" }>): WayOn {
    const { why, until } = refused;
    switch (why) {
      case "moved":
        return { kind: "moved", generation: refused.generation ?? 0, dueAt: refused.nextRefreshAt };
      case "provider_throttled":
        return { kind: "limit", ms: Math.max(1, (until?.getTime() ?? now) - now) };
      case "busy":
      case "not_due":
      case "throttled":
      case "answer_lost":
      case "doubted":
      case "circuit_open":
      case "cooling_down":
      case "held":
      case "older_than_its_job":
        return until === null ? { kind: "done", result: { outcome: why, generation } } : { kind: "delay", until };
      case "not_found":
      case "not_refreshable":
      case "disconnected":
      case "needs_reauth":
        return { kind: "done", result: { outcome: why, generation } };
      default:
        return why satisfies never;
    }
  }
}

function afterAttempt(result: Extract<RefreshResult, { kind: "settled" }>, generation: number, now: number): WayOn {
  const { committed, record } = result;
  const { transition, log } = record;
  // Kept in the spool, or overtaken: look again soon, when the stored generation tells what to do.
  if (committed !== "committed") return { kind: "delay", until: new Date(now + 1000) };
  if (transition.kind === "store")
    return { kind: "done", result: { outcome: log.outcome, generation: generation + 1 } };
  const message = `${log.outcome}: ${transition.message ?? transition.errorCode ?? "no reason given"}`;
  if (transition.job === "stop" || transition.resumeAt === null) return { kind: "fail", message };
  const delayMs = Math.max(0, transition.resumeAt.getTime() - now);
  if (transition.job === "retry") return { kind: "retry", message, delayMs };
  return transition.provider?.kind === "throttle"
    ? { kind: "limit", ms: delayMs }
    : { kind: "delay", until: transition.resumeAt };
}

interface Following {
  readonly job: Job<RefreshJobData>;
  readonly token: string | undefined;
  readonly queues: Queues;
  readonly provider: string;
  readonly connectionId: string;
  /** By Postgres' clock. */
  readonly now: Date;
  readonly sharesQueue: SharesQueue;
}

/** Those that wait for the end of the same limit do not all come in the same moment. */
const mostSpreadMs = 10_000;

async function follow(
  way: WayOn,
  { job, token, queues, provider, connectionId, now, sharesQueue }: Following,
): Promise<RefreshJobResult> {
  switch (way.kind) {
    case "done":
      return way.result;
    case "moved":
      if (way.dueAt !== null) {
        const due = { id: connectionId, provider, generation: way.generation, dueAt: way.dueAt };
        // One that is due already may stand at a later time.
        await (way.dueAt <= now ? queues.place(due) : queues.add(due));
      }
      return { outcome: "moved", generation: way.generation };
    case "retry":
      throw new RefreshFailed(way.message, way.delayMs);
    case "delay":
      // BullMQ counts by our own clock: one that runs ahead must not bring the job back at once, again and again.
      await job.moveToDelayed(Math.max(way.until.getTime(), Date.now() + way.until.getTime() - now.getTime()), token);
      throw new DelayedError();
    case "limit":
      // A limit is one registration's. Where there are others in the queue, each job of it waits by itself.
      if (await sharesQueue(provider)) {
        const spreadMs = spreadFraction(connectionId) * Math.min(way.ms / 10, mostSpreadMs);
        await job.moveToDelayed(Math.ceil(Date.now() + way.ms + spreadMs), token);
        throw new DelayedError();
      }
      await queues.refreshQueue(provider).rateLimit(way.ms);
      throw new RateLimitError();
    case "fail":
      throw new UnrecoverableError(way.message);
    default:
      return way satisfies never;
  }
}
