import { readMigrations } from "../../prisma/src/migration-files.ts";

/** The migrations go into the bundle: what runs from it finds no folder beside itself. */
export function inlineMigrations() {
  return {
    name: "inline-migrations",
    async load(id) {
      if (!id.endsWith("/prisma/src/migration-files.ts")) return null;
      const migrations = await readMigrations();
      const names = migrations.map(({ name }) => name);
      return [
        `export const migrationNames = async () => ${JSON.stringify(names)};`,
        `export const readMigrations = async () => ${JSON.stringify(migrations)};`,
      ].join("\n");
    },
  };
}
