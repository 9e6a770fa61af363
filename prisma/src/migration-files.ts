import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { MigrationList } from "@prisma/schema-engine-wasm";

export const prismaDir = fileURLToPath(new URL("..", import.meta.url));
const migrationsDir = join(prismaDir, "migrations");

/** The migration folders in the order in which they apply, in the form the schema engine wants. */
export async function readMigrations(): Promise<MigrationList> {
  const entries = await readdir(migrationsDir, { withFileTypes: true });
  const folders = entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
  return {
    baseDir: migrationsDir,
    lockfile: {
      path: "migration_lock.toml",
      content: await readFile(join(migrationsDir, "migration_lock.toml"), "utf8"),
    },
    shadowDbInitScript: "",
    migrationDirectories: await Promise.all(folders.sort().map(readMigration)),
  };
}

async function readMigration(folder: string): Promise<MigrationList["migrationDirectories"][number]> {
  const value = await readFile(join(migrationsDir, folder, "migration.sql"), "utf8");
  return { path: folder, migrationFile: { path: "migration.sql", content: { tag: "ok", value } } };
}
