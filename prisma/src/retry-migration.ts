import { migrate } from "./migrate.ts";
import { withSchemaEngine } from "./schema-engine.ts";

/** Marks a failed migration as rolled back, which it is (each runs in one transaction), and applies it again. */
export async function retryMigration(databaseUrl: string, migrationName: string): Promise<{ applied: string[] }> {
  await withSchemaEngine(databaseUrl, (engine) => engine.markMigrationRolledBack({ migrationName }));
  return migrate(databaseUrl);
}
