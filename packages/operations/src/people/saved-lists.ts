import type { Pool } from "pg";

/** A list of connections as somebody has filtered it. */
export interface SavedList {
  readonly name: string;
  /** The query of its address, without the question mark. */
  readonly query: string;
}

/** More would be no help. */
export const mostSavedLists = 50;

/** @param person as sessions name them */
export async function savedLists(pool: Pool, person: string): Promise<SavedList[]> {
  const { rows } = await pool.query<SavedList>(
    "SELECT name, query FROM saved_lists WHERE person = $1 ORDER BY lower(name), name",
    [person],
  );
  return rows;
}

/** One of the same name gives way. @returns false: there are too many */
export async function saveList(pool: Pool, person: string, { name, query }: SavedList): Promise<boolean> {
  const { rowCount } = await pool.query(
    `INSERT INTO saved_lists (person, name, query)
     SELECT $1, $2, $3 WHERE (SELECT count(*) FROM saved_lists WHERE person = $1 AND name <> $2) < ${mostSavedLists}
     ON CONFLICT (person, name) DO UPDATE SET query = excluded.query`,
    [person, name, query],
  );
  return rowCount === 1;
}

export async function forgetList(pool: Pool, person: string, name: string): Promise<void> {
  await pool.query("DELETE FROM saved_lists WHERE person = $1 AND name = $2", [person, name]);
}
