import { type Config, createQueues, formatDuration } from "@evertoken/adapters";
import type { Engine, LiveProviders } from "@evertoken/engine/internal";
import { type LateRefreshes, lateRefreshes, pausedQueues } from "@evertoken/operations";
import { type Finding, ok, warn } from "./finding.ts";

/** Whether work gets done. What is late without a reason catches every kind of worker that does not work. */
export async function checkRefreshes(
  pool: Engine["pool"],
  redis: Engine["queues"]["redis"],
  config: Config,
  providers: LiveProviders,
): Promise<Finding[]> {
  const queued = { pool, providers, queues: createQueues(redis, config.redisPrefix) };
  const late = await lateRefreshes(queued, new Date());
  const paused = (await pausedQueues(queued)) ?? [];
  return [
    ...(late.length === 0 ? [ok("refreshes", "none is late")] : late.map(toFinding)),
    ...paused.map((name) =>
      warn("queue", `${name} is paused: nothing of it runs`, "resume it in Bull Board when it may go on"),
    ),
  ];
}

function toFinding({ provider, count, connectionId, overdueSeconds, paused }: LateRefreshes): Finding {
  const what = `${provider}: ${count} late, the oldest by ${formatDuration(overdueSeconds * 1000)} (${connectionId})`;
  return warn(
    "refreshes",
    what,
    paused ? "its queue is paused" : "see that a worker and a scheduler run, then `evertoken reconcile`",
  );
}
