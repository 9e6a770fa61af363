import { addSync, followSync, type SyncJob } from "@evertoken/adapters";
import { appHandles, createSyncJob, type Engine } from "@evertoken/engine/internal";
import { deriveChildren, retryRevocations } from "@evertoken/operations";
import { type Job, UnrecoverableError } from "bullmq";

/**
 * The jobs of the `sync` queue: `derive` fetches the child tokens that a provider hands out for a token set (Meta Pages), `revoke` asks
 * again for revocations that were not confirmed, `sync` is the built-in sync. One for whose provider an app has registered a handler
 * meanwhile goes to the app's own queue.
 */
export function createSyncProcessor(engine: Engine) {
  const sync = createSyncJob(engine);
  return async (job: Job<{ connectionId: string }>, token?: string): Promise<object> => {
    switch (job.name) {
      case "derive":
        return { children: await deriveChildren(engine, job.data.connectionId) };
      case "sync":
        return (await handOver(engine, job)) ?? followSync(job, token, sync);
      case "revoke":
        return { revoked: await retryRevocations(engine) };
      default:
        throw new UnrecoverableError(`no handler for ${job.name}`);
    }
  };
}

async function handOver(engine: Engine, { data: { connectionId } }: SyncJob): Promise<object | null> {
  const { rows } = await engine.pool.query<{ provider: string }>(
    "SELECT provider FROM connections WHERE id::text = $1",
    [connectionId],
  );
  const provider = rows[0]?.provider;
  if (provider === undefined || !(await appHandles(engine.pool, provider))) return null;
  const queue = engine.queues.sync(provider);
  await addSync(queue, connectionId, engine.config.sync.retryMs);
  return { handedTo: queue.name };
}
