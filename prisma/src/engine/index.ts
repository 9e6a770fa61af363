/** Prisma's own migration engine: for writing migrations, and to compare what we do with what it does. Never in a package. */
export { createMigration } from "./create-migration.ts";
export { migrationsList } from "./migrations-list.ts";
export { withSchemaEngine } from "./schema-engine.ts";
