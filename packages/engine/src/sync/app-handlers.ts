import { syncQueue } from "@evertoken/adapters";
import type { Pool } from "pg";

const beatMs = 3_600_000;
/** So long an app may be away, and its syncs wait for it; after that ours run them. */
const rememberedMs = 7 * 86_400_000;

/** Notes that an app runs the sync queues of these providers, and again every hour. @returns how to stop that */
export async function announceHandlers(pool: Pool, providers: readonly string[]): Promise<() => void> {
  const beat = () =>
    pool.query(
      `INSERT INTO queue_states (queue, updated_at) SELECT queue, now() FROM unnest($1::text[]) AS queue
       ON CONFLICT (queue) DO UPDATE SET updated_at = now()`,
      [providers.map(syncQueue)],
    );
  await beat();
  const timer = setInterval(() => void beat().catch(() => undefined), beatMs);
  return () => clearInterval(timer);
}

/** Whether an app has a handler for this provider. */
export async function appHandles(pool: Pool, provider: string): Promise<boolean> {
  const { rows } = await pool.query({
    name: "sync-app-handles",
    text: "SELECT FROM queue_states WHERE queue = $1 AND updated_at > now() - $2 * interval '1 millisecond'",
    values: [syncQueue(provider), rememberedMs],
  });
  return rows.length > 0;
}
