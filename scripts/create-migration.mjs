/** npm run migration:create -- <name>: writes the migration that leads to schema.prisma, for you to read and edit. */
import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createMigration } from "@evertoken/database/engine";
import { startPostgres } from "@evertoken/local";

const name = process.argv[2];
if (name === undefined) throw new Error("usage: npm run migration:create -- <name>");

const directory = await mkdtemp(join(tmpdir(), "evertoken-migration-"));
await chmod(directory, 0o755); // As root, Postgres runs as another user, who has to get in.
const postgres = await startPostgres({ dataDir: join(directory, "postgres"), settings: { fsync: "off" } });
try {
  const file = await createMigration(postgres.url, name, new Date());
  console.log(file ? `wrote ${file}` : "schema.prisma asks for nothing that the migrations do not do");
  if (file) console.log("Read it: it drops what only migrations can express (partial and BRIN indexes, say).");
} finally {
  await postgres.stop();
  await rm(directory, { recursive: true, force: true });
}
