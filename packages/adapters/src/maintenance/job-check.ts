import type { Queue } from "bullmq";
import type { Redis } from "ioredis";

/** Where a job stands: due at a time, under way, done with (which blocks its id), or not there at all. */
export type JobStanding =
  | { readonly kind: "delayed"; readonly dueAt: Date }
  | { readonly kind: "live" | "finished" | "missing" };

/**
 * KEYS: delayed, completed, failed; ARGV: key prefix of the jobs, ids.
 * Answers for each id the delayed score, or: l live, f finished, m missing. One trip for a thousand jobs.
 */
const script = `
local answer = {}
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
    else
      answer[i] = 'l'
    end
  end
end
return answer`;

/** BullMQ's delayed score: due time in ms times 4096, plus a counter that keeps jobs of one millisecond in order. */
const scoreStep = 4096;

export async function checkJobs(redis: Redis, queue: Queue, ids: readonly string[]): Promise<JobStanding[]> {
  if (ids.length === 0) return [];
  const keys = [queue.toKey("delayed"), queue.toKey("completed"), queue.toKey("failed")];
  const answers = (await redis.eval(script, keys.length, ...keys, queue.toKey(""), ...ids)) as string[];
  return answers.map((answer) => {
    if (answer === "m") return { kind: "missing" };
    if (answer === "f") return { kind: "finished" };
    if (answer === "l") return { kind: "live" };
    return { kind: "delayed", dueAt: new Date(Math.floor(Number(answer) / scoreStep)) };
  });
}

/** The due time of the delayed job that waits longest; null when none waits. */
export async function oldestDelayed(redis: Redis, queue: Queue): Promise<Date | null> {
  const [, score] = await redis.zrange(queue.toKey("delayed"), 0, 0, "WITHSCORES");
  return score === undefined ? null : new Date(Math.floor(Number(score) / scoreStep));
}
