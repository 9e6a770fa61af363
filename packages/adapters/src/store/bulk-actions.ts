import type { Pool } from "pg";
import { givenRows } from "./given-rows.ts";

export interface BulkActionRow {
  readonly id: string;
  readonly sealed: string;
  /** How many were chosen; null: they are still being chosen. */
  readonly total: number | null;
  readonly created_at: Date;
  readonly finished_at: Date | null;
}

/** Of one connection. Refused: nothing was done to it, and `why` says so. */
export interface BulkItem {
  readonly id: string;
  readonly outcome: "done" | "refused";
  readonly why: string | null;
}

export interface BulkCounts {
  readonly done: number;
  readonly refused: number;
}

/** The same one again changes nothing. */
export async function noteBulkAction(pool: Pool, id: string, sealed: string): Promise<void> {
  await pool.query("INSERT INTO bulk_actions (id, sealed) VALUES ($1, $2) ON CONFLICT DO NOTHING", [id, sealed]);
}

export async function bulkActionRow(pool: Pool, id: string): Promise<BulkActionRow | null> {
  const { rows } = await pool.query<BulkActionRow>(
    "SELECT id, sealed, total, created_at, finished_at FROM bulk_actions WHERE id = $1",
    [id],
  );
  return rows[0] ?? null;
}

/** As long as they are being chosen. */
export async function chooseForBulk(pool: Pool, id: string, connectionIds: readonly string[]): Promise<void> {
  await pool.query({
    name: "bulk-choose",
    text: `INSERT INTO bulk_items (bulk_id, connection_id) SELECT b.id, c.id FROM bulk_actions b, connections c
      WHERE b.id = $1 AND b.total IS NULL AND c.id = ANY($2::uuid[]) ON CONFLICT DO NOTHING`,
    values: [id, connectionIds],
  });
}

/** From now on nothing is added. */
export async function endChoosing(pool: Pool, id: string): Promise<void> {
  await pool.query(
    `UPDATE bulk_actions SET total = (SELECT count(*) FROM bulk_items WHERE bulk_id = $1) WHERE id = $1 AND total IS NULL`,
    [id],
  );
}

/** Those that nothing was done to yet, by id. */
export async function openBulkItems(pool: Pool, id: string, after: string, limit: number): Promise<string[]> {
  const { rows } = await pool.query<{ id: string }>({
    name: "bulk-open",
    text: `SELECT connection_id AS id FROM bulk_items WHERE bulk_id = $1 AND connection_id > $2 AND outcome IS NULL
      ORDER BY connection_id LIMIT $3`,
    values: [id, after, limit],
  });
  return rows.map((row) => row.id);
}

export async function endBulkItems(pool: Pool, id: string, items: readonly BulkItem[]): Promise<void> {
  if (items.length === 0) return;
  await pool.query({
    name: "bulk-end",
    text: `UPDATE bulk_items i SET outcome = r.outcome, why = r.why FROM ${givenRows("r", "id uuid, outcome text, why text", "$2")}
      WHERE i.bulk_id = $1 AND i.connection_id = r.id`,
    values: [id, JSON.stringify(items)],
  });
}

export async function finishBulkAction(pool: Pool, id: string): Promise<void> {
  await pool.query("UPDATE bulk_actions SET finished_at = now() WHERE id = $1 AND finished_at IS NULL", [id]);
}

export async function countBulkItems(pool: Pool, id: string): Promise<BulkCounts> {
  const { rows } = await pool.query<BulkCounts>(
    `SELECT count(*) FILTER (WHERE outcome = 'done')::int AS done, count(*) FILTER (WHERE outcome = 'refused')::int AS refused
     FROM bulk_items WHERE bulk_id = $1`,
    [id],
  );
  return rows[0] ?? { done: 0, refused: 0 };
}

/** An item with what its connection is called. */
export interface NamedBulkItem {
  readonly id: string;
  /** null: nothing yet. */
  readonly outcome: BulkItem["outcome"] | null;
  readonly why: string | null;
  readonly name: string | null;
  readonly user_id: string | null;
  readonly provider: string | null;
}

/** In pages by id. */
export async function bulkItems(
  pool: Pool,
  id: string,
  { refused = false, after, limit }: { refused?: boolean; after: string; limit: number },
): Promise<NamedBulkItem[]> {
  const { rows } = await pool.query<NamedBulkItem>(
    `SELECT i.connection_id AS id, i.outcome, i.why, coalesce(c.display_name, c.external_account_id) AS name, c.user_id, c.provider
     FROM bulk_items i LEFT JOIN connections c ON c.id = i.connection_id
     WHERE i.bulk_id = $1 AND i.connection_id > $2 ${refused ? "AND i.outcome = 'refused'" : ""} ORDER BY i.connection_id LIMIT $3`,
    [id, after, limit],
  );
  return rows;
}

/** Of those, who was refreshed since then: by an earlier run that could not say so any more. */
export async function refreshedSince(pool: Pool, ids: readonly string[], since: Date): Promise<string[]> {
  const { rows } = await pool.query<{ id: string }>(
    "SELECT id FROM connections WHERE id = ANY($1::uuid[]) AND last_refresh_at >= $2",
    [ids, since],
  );
  return rows.map(({ id }) => id);
}

/** With their items. */
export async function pruneBulkActions(pool: Pool, before: Date): Promise<void> {
  await pool.query("DELETE FROM bulk_actions WHERE created_at < $1", [before]);
}
