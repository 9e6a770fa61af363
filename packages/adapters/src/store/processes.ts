import type { Pool } from "pg";

/** A process with this database, as it last said. */
export interface LiveProcess {
  /** host:pid:random */
  readonly id: string;
  readonly name: string;
  /** Ids of the keys that it can open. */
  readonly keyIds: readonly string[];
  /** Of Evertoken; null: one of before 0.3. */
  readonly version: string | null;
  readonly startedAt: Date;
  readonly seenAt: Date;
}

/** How often each says that it lives. */
export const presenceMs = 30_000;
/** Who was silent for this long has ended, whatever became of its farewell. */
const goneMs = 3 * presenceMs;

export async function noteProcess(
  pool: Pool,
  { id, name, keyIds, version }: Pick<LiveProcess, "id" | "name" | "keyIds" | "version">,
): Promise<void> {
  await pool.query({
    name: "process-note",
    text: `WITH gone AS (DELETE FROM processes WHERE seen_at < now() - interval '1 day')
      INSERT INTO processes (id, name, key_ids, version) VALUES ($1, $2, $3, $4) ON CONFLICT (id) DO UPDATE SET seen_at = now()`,
    values: [id, name, keyIds, version],
  });
}

export async function forgetProcess(pool: Pool, id: string): Promise<void> {
  await pool.query("DELETE FROM processes WHERE id = $1", [id]);
}

/** Those that have been heard of lately, the oldest first. */
export async function liveProcesses(pool: Pool): Promise<LiveProcess[]> {
  const { rows } = await pool.query<LiveProcess>(
    `SELECT id, name, key_ids AS "keyIds", version, started_at AS "startedAt", seen_at AS "seenAt" FROM processes
     WHERE seen_at > now() - $1 * interval '1 millisecond' ORDER BY started_at, id`,
    [goneMs],
  );
  return rows;
}
