import type { GrantRecord } from "@evertoken/core";
import type { Pool } from "pg";
import { givenRows } from "./given-rows.ts";

/**
 * Of new token sets, those whose connection still has the generation that was spent for them (or, after a failover, an earlier one), or
 * had it until its user disconnected: these are alive at the provider, and have to be revoked.
 */
export async function uncommitted(pool: Pool, records: readonly GrantRecord[]): Promise<GrantRecord[]> {
  if (records.length === 0) return [];
  const { rows } = await pool.query<{ id: string; generation: number }>({
    name: "uncommitted",
    text: `SELECT c.id, CASE c.status WHEN 'disconnected' THEN c.generation - 1 ELSE c.generation END AS generation
      FROM ${givenRows("r", "id uuid")} JOIN connections c ON c.id = r.id`,
    values: [JSON.stringify(records.map(({ connectionId: id }) => ({ id })))],
  });
  const stored = new Map(rows.map(({ id, generation }) => [id, generation]));
  return records.filter(
    ({ connectionId, generation }) => (stored.get(connectionId) ?? Number.POSITIVE_INFINITY) <= generation,
  );
}
