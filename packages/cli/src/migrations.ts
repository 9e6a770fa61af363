import { postgresAdvice, postgresTrouble } from "@evertoken/adapters";
import { MigrationError, migrate } from "@evertoken/database";
import { EvertokenError } from "@evertoken/engine";

/** @throws {MigrationError} when one fails, {@link EvertokenError} when the server is away */
export async function runMigrations(
  databaseUrl: string,
  onLine: (line: string) => void = () => undefined,
): Promise<{ applied: string[] }> {
  try {
    return await migrate(databaseUrl, { onLine });
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
