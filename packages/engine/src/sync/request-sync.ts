import { addSync, restoreSyncJobs } from "@evertoken/adapters";
import type { RequestedSync } from "@evertoken/client";
import { firstId } from "@evertoken/core";
import type { Engine } from "../engine.ts";
import { EvertokenError, withQueue, withStore } from "../evertoken-error.ts";
import { readTarget } from "../token/access-token.ts";
import { appHandles } from "./app-handlers.ts";

/**
 * Asks for a sync of a connection: several requests become one run. What was asked for stands in Postgres; a job that Redis loses, or
 * never got, is added by reconcile.
 *
 * @throws {EvertokenError} `queue_unavailable` when Redis is away: the sync runs when it is back
 */
export async function requestSync(
  engine: Engine,
  connectionId: string,
  { reason }: { readonly reason: string },
): Promise<RequestedSync> {
  await withStore(() => engine.installation.require());
  const row = await readTarget(engine, connectionId);
  if (row.status === "disconnected") throw new EvertokenError("disconnected", "the user disconnected this account");
  const queue = engine.queues.sync(
    (await withStore(() => appHandles(engine.pool, row.provider))) ? row.provider : null,
  );
  await withStore(() =>
    engine.pool.query(
      `UPDATE connections SET last_sync_status = 'pending', last_sync_message = NULL, sync_requested_at = clock_timestamp()
       WHERE id = $1`,
      [row.id],
    ),
  );
  await withQueue(() => addSync(queue, row.id, engine.config.sync.retryMs));
  engine.logger.info({ connection: row.id, queue: queue.name, reason }, "sync requested");
  return { connectionId: row.id, status: "pending", queue: queue.name };
}

const atOnce = 1000;

/** For reconcile: adds the jobs of pending syncs that are not in Redis. @returns how many are pending */
export async function restoreSyncs(engine: Engine): Promise<number> {
  const handled = new Map<string, boolean>();
  let pending = 0;
  for (let after = firstId; ; ) {
    const page = await pendingSyncs(engine, after);
    for (const [provider, rows] of Map.groupBy(page, (row) => row.provider)) {
      if (!handled.has(provider)) handled.set(provider, await appHandles(engine.pool, provider));
      const queue = engine.queues.sync(handled.get(provider) === true ? provider : null);
      const ids = rows.map(({ id }) => id);
      await restoreSyncJobs(queue, ids, engine.config.sync.retryMs);
    }
    pending += page.length;
    const last = page.at(-1);
    if (last === undefined || page.length < atOnce) return pending;
    after = last.id;
  }
}

async function pendingSyncs({ pool }: Engine, after: string): Promise<{ id: string; provider: string }[]> {
  const { rows } = await pool.query<{ id: string; provider: string }>({
    name: "sync-pending",
    text: `SELECT id, provider FROM connections WHERE last_sync_status = 'pending' AND status <> 'disconnected' AND id > $2
      ORDER BY id LIMIT $1`,
    values: [atOnce, after],
  });
  return rows;
}
