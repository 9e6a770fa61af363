import { defineConfig } from "prisma/config";

/** Only `prisma generate` reads this; migrations go through `src/migrate.ts`, which needs no native engine. */
export default defineConfig({ schema: "schema.prisma", migrations: { path: "migrations" } });
