import type { Queue } from "bullmq";
import type { RedisClient } from "./redis.ts";

/**
 * Where a job stands: due at a time, under way, done with (which blocks its id), in no list of its queue (nobody will ever run it, and
 * it blocks its id too), or not there at all.
 */
export type JobStanding =
  | { readonly kind: "delayed"; readonly dueAt: Date }
  | { readonly kind: "live" | "finished" | "lost" | "missing" };

/**
 * KEYS: delayed, completed, failed, prioritized, active, wait, paused; ARGV: key prefix of the jobs, ids.
 * Answers for each id the delayed score, or: l live, f finished, u lost, m missing. One trip for a thousand jobs. Almost all jobs stand
 * in sorted sets; the lists are read once, when the first one does not.
 */
const script = `
local answer = {}
local listed
local function isListed(id)
  if not listed then
    listed = {}
    for key = 5, 7 do
      for _, other in ipairs(redis.call('LRANGE', KEYS[key], 0, -1)) do listed[other] = true end
    end
  end
  return listed[id]
end
local scores = redis.call('ZMSCORE', KEYS[1], unpack(ARGV, 2))
for i, score in ipairs(scores) do
  if score then
    answer[i] = score
  else
    local id = ARGV[i + 1]
    if redis.call('EXISTS', ARGV[1] .. id) == 0 then
      answer[i] = 'm'
    elseif redis.call('ZSCORE', KEYS[2], id) or redis.call('ZSCORE', KEYS[3], id) then
      answer[i] = 'f'
    elseif redis.call('ZSCORE', KEYS[4], id) or isListed(id) then
      answer[i] = 'l'
    else
      answer[i] = 'u'
    end
  end
end
return answer`;

/** BullMQ's delayed score: due time in ms times 4096, plus a counter that keeps jobs of one millisecond in order. */
const scoreStep = 4096;

export async function checkJobs(redis: RedisClient, queue: Queue, ids: readonly string[]): Promise<JobStanding[]> {
  if (ids.length === 0) return [];
  const keys = ["delayed", "completed", "failed", "prioritized", "active", "wait", "paused"].map((key) =>
    queue.toKey(key),
  );
  const answers = (await redis.eval(script, keys.length, ...keys, queue.toKey(""), ...ids)) as string[];
  return answers.map((answer) => {
    if (answer === "m") return { kind: "missing" };
    if (answer === "f") return { kind: "finished" };
    if (answer === "u") return { kind: "lost" };
    if (answer === "l") return { kind: "live" };
    return { kind: "delayed", dueAt: new Date(Math.floor(Number(answer) / scoreStep)) };
  });
}

/** The due time of the delayed job that waits longest; null when none waits. */
export async function oldestDelayed(redis: RedisClient, queue: Queue): Promise<Date | null> {
  const [, score] = await redis.zrange(queue.toKey("delayed"), 0, 0, "WITHSCORES");
  return score === undefined ? null : new Date(Math.floor(Number(score) / scoreStep));
}
