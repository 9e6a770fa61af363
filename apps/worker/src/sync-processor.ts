import type { Engine } from "@evertoken/client/engine";
import { deriveChildren } from "@evertoken/client/engine";
import { type Job, UnrecoverableError } from "bullmq";

/** Jobs that follow a token set: `derive` fetches the child tokens that a provider hands out for it (Meta Pages). */
export function createSyncProcessor(engine: Engine) {
  return async (job: Job<{ connectionId: string }>): Promise<{ children: number }> => {
    if (job.name !== "derive") throw new UnrecoverableError(`no handler for ${job.name}`);
    return { children: await deriveChildren(engine, job.data.connectionId) };
  };
}
