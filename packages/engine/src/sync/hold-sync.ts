import { randomUUID } from "node:crypto";
import type { Engine } from "../engine.ts";
import { withStore } from "../evertoken-error.ts";

export interface SyncHold {
  /** Which request this run fulfils; null: nobody asked. */
  readonly requestedAt: Date | null;
  /** The hold itself ends with the statement that records the result, or by itself. */
  stopRenewing(): void;
}

/** That of a process that was killed is over soon. */
const holdMs = 30_000;

/**
 * One sync of a connection at a time, whatever jobs there are for it: said in Postgres, again and again while it runs.
 *
 * @returns null: another one runs
 */
export async function holdSync({ pool }: Engine, id: string): Promise<SyncHold | null> {
  const owner = randomUUID();
  const { rows } = await withStore(() =>
    pool.query<{ at: Date | null }>({
      name: "sync-hold",
      text: `UPDATE connections SET sync_owner = $2, sync_until = now() + $3 * interval '1 millisecond'
        WHERE id = $1 AND (sync_until IS NULL OR sync_until <= now()) RETURNING sync_requested_at AS at`,
      values: [id, owner, holdMs],
    }),
  );
  const [row] = rows;
  if (row === undefined) return null;
  const renew = () =>
    pool.query({
      name: "sync-renew",
      text: "UPDATE connections SET sync_until = now() + $3 * interval '1 millisecond' WHERE id = $1 AND sync_owner = $2",
      values: [id, owner, holdMs],
    });
  const timer = setInterval(() => void renew().catch(() => {}), holdMs / 3);
  return { requestedAt: row.at, stopRenewing: () => clearInterval(timer) };
}
