import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { MigrationList } from "@prisma/schema-engine-wasm";

export const prismaDir = fileURLToPath(new URL("..", import.meta.url));
const migrationsDir = join(prismaDir, "migrations");

/** The migration folders in the order in which they apply, in the form the schema engine wants. */
export async function readMigrations(): Promise<MigrationList> {
  const folders = await migrationNames();
  return {
    baseDir: migrationsDir,
    lockfile: {
      path: "migration_lock.toml",
      content: await readFile(join(migrationsDir, "migration_lock.toml"), "utf8"),
    },
    shadowDbInitScript: "",
    migrationDirectories: await Promise.all(folders.map(readMigration)),
  };
}

async function readMigration(folder: string): Promise<MigrationList["migrationDirectories"][number]> {
  const value = await readFile(join(migrationsDir, folder, "migration.sql"), "utf8");
  return { path: folder, migrationFile: { path: "migration.sql", content: { tag: "ok", value } } };
}

/** The migrations of this version, in the order in which they apply. */
export async function migrationNames(): Promise<string[]> {
  const entries = await readdir(migrationsDir, { withFileTypes: true });
  return entries
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .sort();
}
