import type { Pool } from "pg";
import { givenRows } from "./given-rows.ts";
import { tellSql } from "./tell-sql.ts";

/** Proof, such as a job in Redis, that this generation of a connection was stored once. */
export interface SeenGeneration {
  readonly connectionId: string;
  readonly generation: number;
}

/** Of a connection `c`, in SQL: nothing shows that its row is old. */
export const notOlderSql = (c: string) => `(${c}newer_generation IS NULL OR ${c}newer_generation <= ${c}generation)`;

const message =
  "a job in Redis belongs to a newer token set than this row's: the database is older than the jobs, and the stored refresh token may be spent";

/**
 * Marks the connections whose rows are older than what was seen: nothing of theirs is spent until the newer token set is put back, the user
 * reconnects, or an operator says that the row is true. @returns how many were marked
 */
export async function markOlder(pool: Pool, seen: readonly SeenGeneration[]): Promise<number> {
  const highest = new Map<string, number>();
  for (const { connectionId, generation } of seen) {
    highest.set(connectionId, Math.max(generation, highest.get(connectionId) ?? 0));
  }
  const { rowCount } = await pool.query({
    name: "mark-older",
    text: `WITH older AS MATERIALIZED (
        SELECT c.id, c.status AS was, j.generation FROM ${givenRows("j", "id uuid, generation int")}
        JOIN connections c ON c.id = j.id
        WHERE c.generation < j.generation AND coalesce(c.newer_generation, 0) < j.generation AND c.status <> 'disconnected'
      ), marked AS (
        UPDATE connections AS c SET newer_generation = o.generation, last_error_code = 'older_than_its_job', last_error_message = $2,
          status = CASE WHEN c.status = 'needs_reauth' THEN c.status ELSE 'error' END, updated_at = clock_timestamp()
        FROM older o WHERE c.id = o.id AND c.generation < o.generation
        RETURNING c.id, c.provider, c.user_id, c.status, o.was)
      ${tellSql(
        {
          ...{ event: "'token.refresh_failed'", connectionId: "id", provider: "provider" },
          payload: { userId: "user_id", status: "status", errorCode: "'older_than_its_job'", message: "$2::text" },
        },
        "marked WHERE was IS DISTINCT FROM 'error'",
      )}`,
    values: [JSON.stringify([...highest].map(([id, generation]) => ({ id, generation }))), message],
  });
  return rowCount ?? 0;
}

/**
 * An operator says that the row is true after all: its generation leaps to the one that was seen, so that the job of that one is its job.
 * @returns how many there were
 */
export async function releaseOlder(pool: Pool, id: string | null): Promise<number> {
  const { rowCount } = await pool.query(
    `UPDATE connections SET generation = newer_generation, newer_generation = NULL, last_error_code = NULL, last_error_message = NULL,
       status = CASE WHEN status = 'error' THEN 'connected' ELSE status END, updated_at = clock_timestamp()
     WHERE newer_generation > generation AND ($1::uuid IS NULL OR id = $1)`,
    [id],
  );
  return rowCount ?? 0;
}

export async function countOlder(pool: Pool): Promise<number> {
  const { rows } = await pool.query<{ n: number }>(
    "SELECT count(*)::int AS n FROM connections WHERE newer_generation > generation",
  );
  return rows[0]?.n ?? 0;
}
