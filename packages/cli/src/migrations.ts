import { existsSync } from "node:fs";
import { join } from "node:path";
import { postgresAdvice, postgresTrouble } from "@evertoken/adapters";
import { type MigrateOptions, MigrationError, migrate } from "@evertoken/database";
import { EvertokenError } from "@evertoken/engine";
import { type LocalServer, LocalServiceError, startPostgres } from "@evertoken/local";
import { isGiven } from "./environment.ts";
import type { Io } from "./io.ts";

/** @throws {MigrationError} when one fails, {@link EvertokenError} when the server is away */
export async function runMigrations(databaseUrl: string, options: MigrateOptions = {}): Promise<{ applied: string[] }> {
  try {
    return await migrate(databaseUrl, options);
  } catch (error) {
    if (error instanceof MigrationError) throw error;
    // The driver's own error may quote the URL.
    const trouble = postgresTrouble(error);
    const { code } = error as { code?: unknown };
    const why = typeof code === "string" && trouble === "away" ? ` (${code})` : "";
    const { is, advice } = postgresAdvice[trouble];
    throw new EvertokenError("store_unavailable", `${is}${why}: ${advice}`);
  }
}

/** The database that `evertoken start` keeps here, brought up for us while that does not run. @returns null: there is none */
export async function startKeptPostgres({ cwd, givenEnv, note }: Io): Promise<LocalServer | null> {
  const dataDir = join(cwd, ".evertoken", "postgres");
  if (isGiven(givenEnv, "DATABASE_URL") || !existsSync(dataDir)) return null;
  try {
    return await startPostgres({ dataDir, onLine: note });
  } catch (error) {
    if (error instanceof LocalServiceError && error.code === "data_dir_in_use") return null;
    throw error;
  }
}
