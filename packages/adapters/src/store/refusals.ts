import type { Pool } from "pg";

export interface Refused {
  readonly action: string;
  readonly code: string;
  readonly count: number;
}

const actions = ["request.refused", "dashboard.refused", "dashboard.login_refused"];

/** What is being written may yet come with a smaller id. */
const settledSeconds = 5;

/**
 * What was refused, as the audit log has it since a place in it.
 *
 * @param after what the last call gave; null: nothing but where the log ends now
 */
export async function refusalsAfter(pool: Pool, after: string | null): Promise<{ refused: Refused[]; last: string }> {
  if (after === null) {
    const { rows } = await pool.query<{ last: string }>("SELECT coalesce(max(id), 0)::text AS last FROM audit_log");
    return { refused: [], last: rows[0]?.last ?? "0" };
  }
  const { rows } = await pool.query<Refused & { last: string }>({
    name: "refusals-after",
    text: `SELECT action, coalesce(detail->>'code', 'other') AS code, sum(coalesce((detail->>'count')::int, 1))::int AS count,
        max(id)::text AS last
      FROM audit_log WHERE id > $1 AND action = ANY($2) AND at < now() - $3 * interval '1 second' GROUP BY 1, 2`,
    values: [after, actions, settledSeconds],
  });
  const last = rows.reduce((most, row) => (BigInt(row.last) > BigInt(most) ? row.last : most), after);
  return { refused: rows.map(({ action, code, count }) => ({ action, code, count })), last };
}
