import { MigrationError, migrate, retryMigration } from "@evertoken/database";
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
  const name = /migration:retry -- (\S+)/.exec(String(failure))?.[1] ?? "";

  await query(url, "DROP VIEW refresh_success_rate");
  expect((await retryMigration(url, name)).applied).toContain(name);
  expect(await query(url, "SELECT FROM connections")).toEqual([]);
});
