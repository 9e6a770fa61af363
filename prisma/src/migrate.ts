import { setTimeout as wait } from "node:timers/promises";
import { Client } from "pg";
import { applyOnline, type Begun } from "./apply-online.ts";
import { MigrationError } from "./migration-error.ts";
import { type Migration, readMigrations } from "./migration-files.ts";
import {
  type Applied,
  createHistory,
  noteEnd,
  noteFailure,
  noteResumed,
  noteRollback,
  noteStart,
  readHistory,
} from "./migration-history.ts";
import { withShortLocks } from "./short-locks.ts";

/** Ours, which earlier versions take as well, and the one that Prisma's own engine takes. */
const locks = [7_370_811_104, 72_707_369];

export type MigrateOptions = {
  /** Told in one line what is being done; silent when there is nothing to do. */
  onLine?: (line: string) => void;
  /** One that failed earlier, and whose cause has been put right. */
  retry?: string;
};

/**
 * Applies the migrations that this database has not seen, each in one transaction with the note that it is done, or, where data are and it
 * would keep writers waiting, in steps that can be resumed. No lock is waited for longer than a moment at a time. Safe when several processes
 * start at once: they queue on an advisory lock, and those that come later find nothing to do.
 * Needs a direct connection, not a pooler in transaction mode, because the lock belongs to the session.
 *
 * @throws {MigrationError}
 */
export async function migrate(databaseUrl: string, options: MigrateOptions = {}): Promise<{ applied: string[] }> {
  const client = new Client({ connectionString: databaseUrl, application_name: "evertoken-migrate" });
  await client.connect();
  try {
    // What a role is given for the statements of processes is too short for these.
    await client.query("SET statement_timeout = 0");
    for (const lock of locks) await acquire(client, lock);
    if (options.retry !== undefined) await forgetFailure(client, options.retry);
    return await applyPending(client, options);
  } finally {
    await client.end();
  }
}

/** Asked for again and again: an index that is built concurrently waits for every statement that runs, one that waits for this lock too. */
async function acquire(client: Client, lock: number): Promise<void> {
  for (;;) {
    const { rows } = await client.query<{ ours: boolean }>("SELECT pg_try_advisory_lock($1) AS ours", [lock]);
    if (rows[0]?.ours) return;
    await wait(100);
  }
}

async function applyPending(client: Client, { onLine = () => {} }: MigrateOptions): Promise<{ applied: string[] }> {
  const history = await readHistory(client);
  const migrations = await readMigrations();
  const inSteps = new Set(migrations.filter(({ online }) => online !== null).map(({ name }) => name));
  refuseBroken(history?.filter(({ name, logs }) => logs !== null || !inSteps.has(name)) ?? []);
  const begun = new Map(history?.map((row) => [row.name, row]));
  const pending = migrations.filter(({ name }) => !begun.get(name)?.finished);
  const applied = pending.map(({ name }) => name);
  if (pending.length === 0) return { applied };
  if (history === null) {
    await refuseForeign(client);
    await createHistory(client);
  }
  onLine(`applying ${pending.length} database migration(s): ${applied.join(", ")}`);
  for (const migration of pending) await apply(client, migration, begun.get(migration.name), onLine);
  return { applied };
}

async function apply(
  client: Client,
  migration: Migration,
  before: Begun | undefined,
  tell: (line: string) => void,
): Promise<void> {
  const { name, online } = migration;
  const begun = before ?? { id: await noteStart(client, migration), steps: 0 };
  try {
    if (online !== null && (begun.steps > 0 || (await holdsData(client)))) {
      await applyOnline(client, { ...migration, online }, begun, tell);
      await noteEnd(client, begun.id);
    } else {
      await applyAtOnce(client, migration, begun.id, tell);
    }
  } catch (cause) {
    const { message, code } = cause as { message: string; code?: string };
    // Postgres went away: what was begun is not known to have failed.
    if (code === undefined || /^(57P|08)/.test(code)) throw cause;
    const left = online === null ? "left nothing behind" : "stopped between two steps";
    const logs = `The migration ${name} failed and ${left}: ${message} (${code})`;
    await noteFailure(client, begun.id, logs);
    throw new MigrationError("migration_failed", `${logs}\n${advice(name)}`, { cause });
  }
}

/** Sent whole and without arguments a script is one simple query: Postgres does the splitting. */
function applyAtOnce(client: Client, { name, script }: Migration, id: string, tell: (line: string) => void) {
  return withShortLocks(
    client,
    async () => {
      await client.query(script);
      await noteEnd(client, id);
    },
    () => tell(`${name} waits for a lock`),
  );
}

/** Nobody waits for an index on nothing. */
async function holdsData(client: Client): Promise<boolean> {
  const { rows } = await client.query<{ there: boolean }>("SELECT to_regclass('connections') IS NOT NULL AS there");
  if (!rows[0]?.there) return false;
  const { rowCount } = await client.query("SELECT FROM connections LIMIT 1");
  return rowCount !== 0;
}

/** What is done in one transaction and has not ended is rolled back, whatever ended it; steps go on where they stopped. */
async function forgetFailure(client: Client, name: string): Promise<void> {
  const inSteps = (await readMigrations()).some((migration) => migration.name === name && migration.online !== null);
  const note = inSteps ? noteResumed : noteRollback;
  const known = (await readHistory(client)) !== null && (await note(client, name));
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
