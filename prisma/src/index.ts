export { createPrismaClient, type PrismaClient } from "./client.ts";
export { type MigrateOptions, migrate } from "./migrate.ts";
export { MigrationError } from "./migration-error.ts";
export { migrationNames } from "./migration-files.ts";
