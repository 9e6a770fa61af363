import type { Pool } from "pg";

const whole = /^[0-9a-f]{8}(?:-?[0-9a-f]{4}){3}-?[0-9a-f]{12}$/i;
const beginning = /^[0-9a-f]{4,8}(?:-[0-9a-f]{0,4}){0,3}(?:-[0-9a-f]{0,12})?$/i;

/** From the first to the last id that begins so; none for a text that cannot be the beginning of one. */
export function idRange(text: string): [first: string | null, last: string | null] {
  if (!whole.test(text) && !beginning.test(text)) return [null, null];
  const digits = text.replaceAll("-", "");
  return [digits.padEnd(32, "0"), digits.padEnd(32, "f")];
}

/** Ids of connections that begin with this text, at least 4 digits of it; at most so many. */
export async function idsBeginning(pool: Pool, text: string, limit: number): Promise<string[]> {
  const [first, last] = idRange(text);
  if (first === null) return [];
  const { rows } = await pool.query<{ id: string }>(
    "SELECT id::text AS id FROM connections WHERE id BETWEEN $1 AND $2 ORDER BY id LIMIT $3",
    [first, last, limit],
  );
  return rows.map(({ id }) => id);
}
