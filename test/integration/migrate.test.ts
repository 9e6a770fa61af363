import { MigrationError, migrate } from "@evertoken/database";
import { migrationsList, withSchemaEngine } from "@evertoken/database/engine";
import { Client } from "pg";
import { expect, test } from "vitest";
import { createEmptyDatabase } from "../support/services.ts";

async function query<Row>(url: string, sql: string): Promise<Row[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  return client
    .query(sql)
    .then(({ rows }) => rows as Row[])
    .finally(() => client.end());
}

test("several processes that start at once migrate once", async () => {
  const { url } = await createEmptyDatabase();
  const results = await Promise.all([1, 2, 3, 4].map(() => migrate(url)));
  const [first, ...others] = results.map(({ applied }) => applied).sort((a, b) => b.length - a.length);
  expect(first?.length).toBeGreaterThan(0);
  expect(others).toEqual([[], [], []]);
});

test("says what it does, and nothing when there is nothing to do", async () => {
  const { url } = await createEmptyDatabase();
  const lines: string[] = [];
  const { applied } = await migrate(url, { onLine: (line) => lines.push(line) });
  await migrate(url, { onLine: (line) => lines.push(line) });
  expect(lines).toEqual([`applying ${applied.length} database migration(s): ${applied.join(", ")}`]);
});

test("a migration that fails leaves nothing behind, stops the next start, and can be retried", async () => {
  const { url } = await createEmptyDatabase();
  // The very last thing that the migration creates, so all of it has run when it fails.
  await query(url, "CREATE VIEW refresh_success_rate AS SELECT 1");
  await expect(migrate(url)).rejects.toMatchObject({ code: "migration_failed" });
  const tables = await query<{ name: string }>(
    url,
    "SELECT table_name AS name FROM information_schema.tables WHERE table_schema = 'public' ORDER BY 1",
  );
  expect(tables.map(({ name }) => name)).toEqual(["_prisma_migrations", "refresh_success_rate"]);

  const failure = await migrate(url).catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(MigrationError);
  expect(failure).toMatchObject({ code: "migration_failed_earlier" });
  const name = /migrate --retry (\S+)/.exec(String(failure))?.[1] ?? "";

  await query(url, "DROP VIEW refresh_success_rate");
  await expect(migrate(url, { retry: "another" })).rejects.toMatchObject({ code: "migration_not_failed" });
  expect((await migrate(url, { retry: name })).applied).toContain(name);
  expect(await query(url, "SELECT FROM connections")).toEqual([]);
  await expect(migrate(url, { retry: name })).rejects.toMatchObject({ code: "migration_not_failed" });
  expect(await judgedByPrisma(url)).toEqual(upToDate);
});

test("what we leave is what Prisma's own engine calls up to date", async () => {
  const { url } = await createEmptyDatabase();
  const { applied } = await migrate(url);
  expect(await judgedByPrisma(url)).toEqual(upToDate);
  expect((await appliedByPrisma(url)).appliedMigrationNames).toEqual([]);
  const steps = await query(url, "SELECT FROM _prisma_migrations WHERE applied_steps_count = 1 AND logs IS NULL");
  expect(steps).toHaveLength(applied.length);
});

test("a database that Prisma's own engine has migrated half of the way goes on from there", async () => {
  const { url } = await createEmptyDatabase();
  const { migrationDirectories, ...list } = await migrationsList();
  const names = migrationDirectories.map(({ path }) => path);
  await appliedByPrisma(url, { ...list, migrationDirectories: migrationDirectories.slice(0, 3) });
  expect((await migrate(url)).applied).toEqual(names.slice(3));
  expect(await judgedByPrisma(url)).toEqual(upToDate);
  expect(await migrate(url)).toEqual({ applied: [] });
});

test("the process was killed within a migration: the next start names it", async () => {
  const { url } = await createEmptyDatabase();
  const { applied } = await migrate(url);
  // As it stands when nobody was left to write down what happened; its transaction ended with the process.
  const [last] = applied.slice(-1) as [string];
  await query(url, `UPDATE _prisma_migrations SET finished_at = NULL WHERE migration_name = '${last}'`);
  await expect(migrate(url)).rejects.toMatchObject({
    code: "migration_failed_earlier",
    message: expect.stringMatching(new RegExp(`^The migration ${last} .*\\nNo log was kept`)),
  });
});

test("a database with tables of somebody else is left alone", async () => {
  const { url } = await createEmptyDatabase();
  await query(url, "CREATE TABLE theirs ()");
  await expect(migrate(url)).rejects.toMatchObject({
    code: "database_not_empty",
    message: expect.stringContaining('a table "theirs". Give Evertoken a database'),
  });
  const tables = await query(
    url,
    "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace",
  );
  expect(tables).toEqual([{ relname: "theirs" }]);
});

const filters = { externalTables: [], externalEnums: [] };
const upToDate = { editedMigrationNames: [], failedMigrationNames: [], hasMigrationsTable: true, history: null };

/** Compares names, checksums and states with those of the files. */
async function judgedByPrisma(url: string) {
  const list = await migrationsList();
  return withSchemaEngine(url, (engine) =>
    engine.diagnoseMigrationHistory({ migrationsList: list, optInToShadowDatabase: false, filters }),
  );
}

async function appliedByPrisma(url: string, list?: Awaited<ReturnType<typeof migrationsList>>) {
  const migrations = list ?? (await migrationsList());
  return withSchemaEngine(url, (engine) => engine.applyMigrations({ migrationsList: migrations, filters }));
}
