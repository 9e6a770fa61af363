import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** One folder of prisma/migrations. */
export interface Migration {
  readonly name: string;
  readonly script: string;
  /** How it is done where data are: see online-steps.ts. null: as it stands. */
  readonly online: string | null;
}

const migrationsDir = fileURLToPath(new URL("../migrations", import.meta.url));

/** The migrations of this version, in the order in which they apply. Packages carry them inside: see scripts/build. */
export async function readMigrations(): Promise<Migration[]> {
  const names = await migrationNames();
  return Promise.all(
    names.map(async (name) => ({
      name,
      script: await readFile(join(migrationsDir, name, "migration.sql"), "utf8"),
      online: await readOnline(join(migrationsDir, name, "online.sql")),
    })),
  );
}

const readOnline = (path: string) =>
  readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return null;
    throw error;
  });

export async function migrationNames(): Promise<string[]> {
  const entries = await readdir(migrationsDir, { withFileTypes: true });
  return entries
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .sort();
}
