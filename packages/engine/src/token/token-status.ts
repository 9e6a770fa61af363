import { checkJobs } from "@evertoken/adapters";
import type { Target, TokenStatus } from "@evertoken/client";
import { jobId, marginMs, shownStatus, tokenState } from "@evertoken/core";
import type { Engine } from "../engine.ts";
import { withStore } from "../evertoken-error.ts";
import { readTarget } from "./access-token.ts";

export async function readTokenStatus(engine: Engine, target: Target): Promise<TokenStatus> {
  const row = await readTarget(engine, target);
  const policy = (await withStore(() => engine.providers.known(row.provider)))?.policy;
  const margin = policy === undefined ? engine.config.timing.marginMs : marginMs(policy, engine.config.timing);
  const now = engine.clock.now();
  return {
    connectionId: row.id,
    provider: row.provider,
    status: shownStatus(row.status, row.expires_at, now),
    // A token that was erased is worth as much as one that has ended.
    token: row.access_token === null ? "expired" : tokenState(row.expires_at, margin, now),
    expiresAt: row.expires_at,
    expiresInSeconds: row.expires_at === null ? null : Math.round((row.expires_at.getTime() - now.getTime()) / 1000),
    nextRefreshAt: row.next_refresh_at,
    lastRefreshAt: row.last_refresh_at,
    errorCode: row.last_error_code,
    job: await pendingJob(engine, row.provider, jobId(row.id, row.generation)),
  };
}

async function pendingJob(engine: Engine, provider: string, id: string): Promise<TokenStatus["job"]> {
  try {
    const queue = engine.queues.refreshQueue(provider);
    const job = await queue.getJob(id);
    if (job === undefined || job === null) return null;
    const state = await job.getState();
    // A job's own `timestamp` and `delay` do not tell when it is due once it was moved or retried; its score does.
    const [standing] = await checkJobs(engine.queues.redis, queue, [id]);
    return { id, state, dueAt: standing?.kind === "delayed" ? standing.dueAt : null };
  } catch {
    return "unknown";
  }
}
