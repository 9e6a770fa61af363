import { Client } from "pg";
import { MigrationError } from "./migration-error.ts";
import { readMigrations } from "./migration-files.ts";
import { withSchemaEngine } from "./schema-engine.ts";

/** Any number nobody else in this database uses; the schema engine's own lock is 72707369. */
const migrationLock = 7_370_811_104;

export type MigrateOptions = {
  /** Told in one line what is being done; silent when there is nothing to do. */
  onLine?: (line: string) => void;
};

/**
 * Applies the migrations that this database has not seen. Safe when several processes start at once: they queue on
 * an advisory lock, and those that come later find nothing to do. Needs a direct connection, not a pooler in
 * transaction mode, because the lock belongs to the session.
 *
 * @throws {MigrationError} `migration_failed` or `migration_failed_earlier`
 */
export async function migrate(databaseUrl: string, options: MigrateOptions = {}): Promise<{ applied: string[] }> {
  const client = new Client({ connectionString: databaseUrl, application_name: "evertoken-migrate" });
  await client.connect();
  try {
    await client.query("SELECT pg_advisory_lock($1)", [migrationLock]);
    return await applyPending(client, databaseUrl, options);
  } finally {
    await client.end();
  }
}

async function applyPending(client: Client, databaseUrl: string, options: MigrateOptions) {
  const list = await readMigrations();
  const done = await readHistory(client);
  const pending = list.migrationDirectories.map((migration) => migration.path).filter((name) => !done.has(name));
  if (pending.length === 0) return { applied: [] };

  options.onLine?.(`applying ${pending.length} database migration(s): ${pending.join(", ")}`);
  try {
    const filters = { externalTables: [], externalEnums: [] };
    const output = await withSchemaEngine(databaseUrl, (engine) =>
      engine.applyMigrations({ migrationsList: list, filters }),
    );
    return { applied: output.appliedMigrationNames };
  } catch (cause) {
    throw new MigrationError("migration_failed", cause instanceof Error ? cause.message : String(cause), { cause });
  }
}

/** Names of the migrations that are in; a half-applied one stops us here, before the engine is loaded. */
async function readHistory(client: Client): Promise<Set<string>> {
  const table = await client.query<{ name: string | null }>("SELECT to_regclass('_prisma_migrations') AS name");
  if (!table.rows[0]?.name) return new Set();
  const { rows } = await client.query<{ name: string; finished: boolean; logs: string | null }>(
    `SELECT migration_name AS name, finished_at IS NOT NULL AS finished, logs
       FROM _prisma_migrations WHERE rolled_back_at IS NULL`,
  );
  const failed = rows.find((row) => !row.finished);
  if (failed) throw new MigrationError("migration_failed_earlier", describeFailure(failed.name, failed.logs));
  return new Set(rows.map((row) => row.name));
}

function describeFailure(name: string, logs: string | null): string {
  return [
    `The migration ${name} failed earlier, so none is applied until that is put right.`,
    logs?.trim() ?? "No log was kept: the process was probably killed meanwhile.",
    `Put the cause right, then run: npm run migration:retry -- ${name}`,
  ].join("\n");
}
