/** npm run migration:retry -- <name>: applies a migration again that failed, to DATABASE_URL or the local database. */
import { fileURLToPath } from "node:url";
import { retryMigration } from "@evertoken/database";
import { startPostgres } from "@evertoken/local";

const name = process.argv[2];
if (name === undefined) throw new Error("usage: npm run migration:retry -- <name>");

const dataDir = fileURLToPath(new URL("../.evertoken/postgres", import.meta.url));
const local = process.env.DATABASE_URL ? undefined : await startPostgres({ dataDir, onLine: console.log });
try {
  const { applied } = await retryMigration(local?.url ?? process.env.DATABASE_URL, name);
  console.log(`applied ${applied.join(", ")}`);
} finally {
  await local?.stop();
}
