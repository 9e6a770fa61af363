import { bulkActions, bulkJobName, bulkRefreshes, type Engine } from "@evertoken/engine/internal";
import { DelayedError, type Job } from "bullmq";

/**
 * Runs bulk refreshes, and actions on many connections. They wait for many other jobs and so may take long: a worker that is told to stop
 * hands them back, and the next one goes on.
 */
export function createBulkProcessor(engine: Engine, stopping: AbortSignal) {
  return async (job: Job, token?: string): Promise<object> => {
    try {
      if (job.name === bulkJobName) return await bulkActions.run(engine, job.id ?? "", stopping);
      return await bulkRefreshes.run(engine, job, stopping);
    } catch (error) {
      if (stopping.aborted) {
        await job.moveToDelayed(Date.now(), token);
        throw new DelayedError();
      }
      // A driver's own message may quote what it was given; Redis keeps the name only.
      throw new Error(`it could not go on: ${error instanceof Error ? error.name : "unknown"}`);
    }
  };
}
