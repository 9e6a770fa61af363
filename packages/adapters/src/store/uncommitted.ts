import type { GrantRecord } from "@evertoken/core";
import type { Pool } from "pg";

/**
 * Of new token sets, those whose connection still has the generation that was spent for them (or, after a failover, an earlier one), or
 * had it until its user disconnected: these are alive at the provider, and have to be revoked.
 */
export async function uncommitted(pool: Pool, records: readonly GrantRecord[]): Promise<GrantRecord[]> {
  if (records.length === 0) return [];
  const { rows } = await pool.query<{ id: string; generation: number }>({
    name: "uncommitted",
    text: `SELECT id, CASE status WHEN 'disconnected' THEN generation - 1 ELSE generation END AS generation
      FROM connections WHERE id = ANY($1::uuid[])`,
    values: [records.map(({ connectionId }) => connectionId)],
  });
  const stored = new Map(rows.map(({ id, generation }) => [id, generation]));
  return records.filter(
    ({ connectionId, generation }) => (stored.get(connectionId) ?? Number.POSITIVE_INFINITY) <= generation,
  );
}
