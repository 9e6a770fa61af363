import { randomUUID } from "node:crypto";
import type { Pool } from "pg";
import { postgresTrouble } from "./postgres-trouble.ts";

/** What the database is, compared with what we need. */
export interface SchemaState {
  /** Migrations of this version that are not applied. */
  readonly missing: readonly string[];
  /** One that ended half way. */
  readonly broken: string | null;
  /** Applied, and of a later version than this. */
  readonly later: readonly string[];
  readonly readOnly: boolean;
  /** Tables that this user may not read and write. */
  readonly ungranted: readonly string[];
}

/** @param known the migrations of this version */
export async function readSchemaState(pool: Pool, known: readonly string[]): Promise<SchemaState> {
  const { rows } = await pool.query<{ has_tables: boolean; has_history: boolean; read_only: boolean }>(
    `SELECT to_regclass('connections') IS NOT NULL AS has_tables, to_regclass('_prisma_migrations') IS NOT NULL AS has_history,
       current_setting('transaction_read_only') = 'on' AS read_only`,
  );
  const { has_tables: hasTables = false, has_history: hasHistory = false, read_only: readOnly = false } = rows[0] ?? {};
  const history = hasHistory ? await readHistory(pool) : [];
  // Tables without a history that we may read: somebody else has made them, and answers for it.
  const told = history ?? (hasTables ? known.map((name) => ({ name, finished: true })) : []);
  return {
    missing: known.filter((name) => !told.some((row) => row.name === name)),
    // One of a later version may be under way, and takes its time: those that it will replace go on.
    broken: told.find(({ name, finished }) => !finished && known.includes(name))?.name ?? null,
    later: told.filter(({ name }) => !known.includes(name)).map(({ name }) => name),
    readOnly,
    ungranted: hasTables ? await readUngranted(pool) : [],
  };
}

async function readHistory(pool: Pool): Promise<{ name: string; finished: boolean }[] | null> {
  try {
    const { rows } = await pool.query<{ name: string; finished: boolean }>(
      "SELECT migration_name AS name, finished_at IS NOT NULL AS finished FROM _prisma_migrations WHERE rolled_back_at IS NULL",
    );
    return rows;
  } catch (error) {
    if (postgresTrouble(error) === "permission") return null;
    throw error;
  }
}

async function readUngranted(pool: Pool): Promise<string[]> {
  const { rows } = await pool.query<{ name: string }>(
    `SELECT relname AS name FROM pg_class
     WHERE relkind IN ('r', 'p') AND NOT relispartition AND relname <> '_prisma_migrations'
       AND relnamespace = (SELECT relnamespace FROM pg_class WHERE oid = to_regclass('connections'))
       AND NOT (has_table_privilege(oid, 'SELECT') AND has_table_privilege(oid, 'INSERT')
         AND (relname <> 'connections' OR has_table_privilege(oid, 'UPDATE')))
     ORDER BY relname`,
  );
  return rows.map(({ name }) => name);
}

/**
 * A pooler in transaction mode gives a session to each transaction: while another connection of ours is in one, a statement that was
 * prepared before meets a session that does not know it. @throws what Postgres says then
 */
export async function tryPrepared(pool: Pool): Promise<void> {
  if (pool.options.max < 2) return;
  const [one, other] = [await pool.connect(), await pool.connect()];
  const statement = { name: `trial-${randomUUID()}`, text: "SELECT 1" };
  try {
    await one.query(statement);
    await other.query("BEGIN");
    await one.query(statement);
  } finally {
    await other.query("ROLLBACK").catch(() => {});
    one.release();
    other.release();
  }
}
