export { createPrismaClient, type PrismaClient } from "./client.ts";
export { createMigration } from "./create-migration.ts";
export { type MigrateOptions, migrate } from "./migrate.ts";
export { MigrationError } from "./migration-error.ts";
export { migrationNames } from "./migration-files.ts";
export { retryMigration } from "./retry-migration.ts";
