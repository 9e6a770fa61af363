import type { ConnectionStatus } from "@evertoken/core";
import type { Pool } from "pg";

export interface Relative {
  readonly id: string;
  readonly name: string;
  readonly status: ConnectionStatus;
}

/** What stands around a connection: who is refreshing it, and whose token it lives from or gives life to. */
export interface Surroundings {
  readonly lease: { readonly owner: string; readonly until: Date; readonly startedAt: Date | null } | null;
  readonly parent: Relative | null;
  /** The first `mostChildren`. */
  readonly children: readonly Relative[];
}

export const mostChildren = 100;

interface Row {
  readonly lease_owner: string | null;
  readonly lease_until: Date;
  readonly lease_started_at: Date | null;
  readonly parent: Relative | null;
}

export async function surroundingsOf(pool: Pool, id: string): Promise<Surroundings> {
  const name = "coalesce(display_name, external_account_id) AS name";
  const [own, children] = await Promise.all([
    pool.query<Row>(
      `SELECT lease_owner, lease_until, lease_started_at,
         (SELECT to_jsonb(p) FROM (SELECT id, ${name}, status FROM connections p WHERE p.id = c.parent_id) p) AS parent
       FROM connections c WHERE id = $1`,
      [id],
    ),
    pool.query<Relative>(`SELECT id, ${name}, status FROM connections WHERE parent_id = $1 ORDER BY id LIMIT $2`, [
      id,
      mostChildren,
    ]),
  ]);
  const row = own.rows[0];
  if (row === undefined) return { lease: null, parent: null, children: [] };
  const { lease_owner: owner, lease_until: until, lease_started_at: startedAt, parent } = row;
  return { lease: owner === null ? null : { owner, until, startedAt }, parent, children: children.rows };
}
