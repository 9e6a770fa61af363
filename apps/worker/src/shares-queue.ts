import type { Engine } from "@evertoken/engine/internal";

/** Whether a provider's queue has jobs of several client registrations. */
export type SharesQueue = (provider: string) => Promise<boolean>;

/** As long as a registration may be unknown to a process anyway. */
const freshMs = 15_000;

/** Asked when a provider limits us: rare, but then by many jobs at once. */
export function createSharesQueue(pool: Engine["pool"]): SharesQueue {
  const known = new Map<string, { readonly shares: Promise<boolean>; readonly readAt: number }>();
  return (provider) => {
    const before = known.get(provider);
    if (before !== undefined && Date.now() - before.readAt < freshMs) return before.shares;
    const shares = read(pool, provider);
    known.set(provider, { shares, readAt: Date.now() });
    return shares;
  };
}

/** To wait job by job is right in any case, and dearer: so it is what is done when Postgres does not say. */
async function read(pool: Engine["pool"], provider: string): Promise<boolean> {
  try {
    const { rowCount } = await pool.query({
      name: "registrations-besides",
      text: "SELECT FROM client_registrations WHERE provider = $1 AND name <> 'default' LIMIT 1",
      values: [provider],
    });
    return rowCount === 1;
  } catch {
    return true;
  }
}
