import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { migrationsList, prismaDir } from "./migrations-list.ts";
import { withSchemaEngine } from "./schema-engine.ts";

/**
 * Writes a migration that leads from the present ones to schema.prisma. They are replayed in a shadow database, which
 * the engine creates beside that of `databaseUrl` and drops again, so any scratch Postgres will do.
 *
 * @returns the new file, or nothing when the schema has not changed
 */
export async function createMigration(databaseUrl: string, name: string, now: Date): Promise<string | undefined> {
  const schema = { path: "schema.prisma", content: await readFile(join(prismaDir, "schema.prisma"), "utf8") };
  const migrations = await migrationsList();
  const diff = await withSchemaEngine(databaseUrl, (engine) =>
    engine.diff({
      from: { tag: "migrations", ...migrations },
      to: { tag: "schemaDatamodel", files: [schema] },
      script: true,
      exitCode: true,
      filters: { externalTables: [], externalEnums: [] },
    }),
  );
  if (diff.exitCode === 0) return undefined;
  const stamp = now.toISOString().replace(/\D/g, "").slice(0, 14);
  const folder = join(migrations.baseDir, `${stamp}_${name.replace(/\W+/g, "_")}`);
  await mkdir(folder);
  await writeFile(join(folder, "migration.sql"), diff.stdout ?? "");
  return join(folder, "migration.sql");
}
