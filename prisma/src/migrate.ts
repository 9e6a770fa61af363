import { Client } from "pg";
import { MigrationError } from "./migration-error.ts";
import { type Migration, readMigrations } from "./migration-files.ts";
import {
  type Applied,
  createHistory,
  noteEnd,
  noteFailure,
  noteRollback,
  noteStart,
  readHistory,
} from "./migration-history.ts";

/** Ours, which earlier versions take as well, and the one that Prisma's own engine takes. */
const locks = [7_370_811_104, 72_707_369];

export type MigrateOptions = {
  /** Told in one line what is being done; silent when there is nothing to do. */
  onLine?: (line: string) => void;
  /** One that failed earlier, and whose cause has been put right. */
  retry?: string;
};

/**
 * Applies the migrations that this database has not seen, each in one transaction with the note that it is done. Safe
 * when several processes start at once: they queue on an advisory lock, and those that come later find nothing to do.
 * Needs a direct connection, not a pooler in transaction mode, because the lock belongs to the session.
 *
 * @throws {MigrationError}
 */
export async function migrate(databaseUrl: string, options: MigrateOptions = {}): Promise<{ applied: string[] }> {
  const client = new Client({ connectionString: databaseUrl, application_name: "evertoken-migrate" });
  await client.connect();
  try {
    for (const lock of locks) await client.query("SELECT pg_advisory_lock($1)", [lock]);
    if (options.retry !== undefined) await forgetFailure(client, options.retry);
    return await applyPending(client, options);
  } finally {
    await client.end();
  }
}

async function applyPending(client: Client, { onLine }: MigrateOptions): Promise<{ applied: string[] }> {
  const history = await readHistory(client);
  refuseBroken(history ?? []);
  const done = new Set(history?.map(({ name }) => name));
  const pending = (await readMigrations()).filter(({ name }) => !done.has(name));
  const applied = pending.map(({ name }) => name);
  if (pending.length === 0) return { applied };
  if (history === null) {
    await refuseForeign(client);
    await createHistory(client);
  }
  onLine?.(`applying ${pending.length} database migration(s): ${applied.join(", ")}`);
  for (const migration of pending) await apply(client, migration);
  return { applied };
}

/** Sent whole and without arguments a script is one simple query: Postgres does the splitting. */
async function apply(client: Client, migration: Migration): Promise<void> {
  const id = await noteStart(client, migration);
  try {
    await client.query("BEGIN");
    await client.query(migration.script);
    await noteEnd(client, id);
    await client.query("COMMIT");
  } catch (cause) {
    const { message, code } = cause as { message: string; code?: string };
    const logs = `The migration ${migration.name} failed and left nothing behind: ${message}${code ? ` (${code})` : ""}`;
    await client.query("ROLLBACK");
    await noteFailure(client, id, logs);
    throw new MigrationError("migration_failed", `${logs}\n${advice(migration.name)}`, { cause });
  }
}

/** Each runs in one transaction, so one that has not ended is rolled back, whatever ended it. */
async function forgetFailure(client: Client, name: string): Promise<void> {
  const known = (await readHistory(client)) !== null && (await noteRollback(client, name));
  if (!known) throw new MigrationError("migration_not_failed", `no migration "${name}" has failed in this database`);
}

/** One that failed changes nothing until somebody has put its cause right. */
function refuseBroken(history: readonly Applied[]): void {
  const failed = history.find(({ finished }) => !finished);
  if (failed === undefined) return;
  const lines = [
    `The migration ${failed.name} failed earlier, so none is applied until that is put right.`,
    failed.logs?.trim() || "No log was kept: the process was probably killed meanwhile.",
    advice(failed.name),
  ];
  throw new MigrationError("migration_failed_earlier", lines.join("\n"));
}

const advice = (name: string) => `Put the cause right, then run: evertoken migrate --retry ${name}`;

/** Tables of somebody else, or of ours without their history: either way it is not for us to decide. */
async function refuseForeign(client: Client): Promise<void> {
  const { rows } = await client.query<{ name: string }>(
    "SELECT table_name AS name FROM information_schema.tables WHERE table_schema = current_schema() AND table_type = 'BASE TABLE' LIMIT 1",
  );
  const [foreign] = rows;
  if (foreign === undefined) return;
  const what = `the database is not empty, and not one of Evertoken's: it has a table "${foreign.name}"`;
  throw new MigrationError("database_not_empty", `${what}. Give Evertoken a database, or a schema, of its own`);
}
