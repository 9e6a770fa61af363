import type { Pool } from "pg";
import { type ListedConnection, listedColumns } from "./list-connections.ts";

/** How many terms are looked at, and how many connections are given. */
const mostTerms = 1000;
const mostFound = 200;

const whole = /^[0-9a-f]{8}(?:-?[0-9a-f]{4}){3}-?[0-9a-f]{12}$/i;
const beginning = /^[0-9a-f]{4,8}(?:-[0-9a-f]{0,4}){0,3}(?:-[0-9a-f]{0,12})?$/i;

/**
 * Connections whose id, user id, external account id or display name is this text or begins with it, whatever its case. Each is a
 * range of an index.
 *
 * @returns the newest first; `more`: there are others, which a longer text would tell apart
 */
export async function searchConnections(
  pool: Pool,
  text: string,
): Promise<{ readonly rows: readonly ListedConnection[]; readonly more: boolean }> {
  const { rows } = await pool.query<ListedConnection & { looked: number }>(
    `WITH terms AS MATERIALIZED (
       SELECT connection_id AS id FROM connection_terms
       WHERE term >= lower(left($1, 200)) COLLATE "C" AND term < (lower(left($1, 200)) || chr(1114111)) COLLATE "C"
       ORDER BY term LIMIT $4
     ), ids AS (
       SELECT id FROM terms UNION SELECT * FROM (SELECT id FROM connections WHERE id BETWEEN $2 AND $3 ORDER BY id LIMIT $4) i)
     SELECT ${listedColumns}, (SELECT count(*)::int FROM terms) AS looked FROM ids JOIN connections c USING (id)
     ORDER BY c.updated_at DESC, c.id LIMIT $5`,
    [text, ...idRange(text), mostTerms, mostFound + 1],
  );
  const more = rows.length > mostFound || (rows[0]?.looked ?? 0) >= mostTerms;
  return { rows: rows.slice(0, mostFound), more };
}

/** From the first to the last id that begins so; none for a text that cannot be the beginning of one. */
function idRange(text: string): [first: string | null, last: string | null] {
  if (!whole.test(text) && !beginning.test(text)) return [null, null];
  const digits = text.replaceAll("-", "");
  return [digits.padEnd(32, "0"), digits.padEnd(32, "f")];
}
