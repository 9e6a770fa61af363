import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { MigrationList } from "@prisma/schema-engine-wasm";
import { readMigrations } from "../migration-files.ts";

export const prismaDir = fileURLToPath(new URL("../..", import.meta.url));

/** The migrations in the form that Prisma's engine wants. */
export async function migrationsList(): Promise<MigrationList> {
  const baseDir = join(prismaDir, "migrations");
  const migrations = await readMigrations();
  return {
    baseDir,
    lockfile: {
      path: "migration_lock.toml",
      content: await readFile(join(baseDir, "migration_lock.toml"), "utf8"),
    },
    shadowDbInitScript: "",
    migrationDirectories: migrations.map(({ name, script }) => ({
      path: name,
      migrationFile: { path: "migration.sql", content: { tag: "ok", value: script } },
    })),
  };
}
