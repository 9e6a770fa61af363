import { randomUUID } from "node:crypto";
import { PrismaPg } from "@prisma/adapter-pg";
import type { SqlDriverAdapter, SqlMigrationAwareDriverAdapterFactory } from "@prisma/driver-adapter-utils";
import type { Pool } from "pg";
import { CataloguePool } from "./catalogue-pool.ts";

/**
 * Prisma's pg adapter, with two of its ways of handling migrations put right:
 *
 * - Its `executeScript` cuts a script at every semicolon, those in comments, strings and function bodies too, and sends
 *   the pieces over any connection of its pool. Sent whole and without arguments it is one simple query: Postgres does
 *   the splitting, on one connection, in one transaction, so a migration that fails leaves nothing behind.
 * - Its shadow database is the real one when the address was given as a URL, which wins over the database's name.
 */
export function migrationAdapter(databaseUrl: string, pool: Pool): SqlMigrationAwareDriverAdapterFactory {
  const factory = new PrismaPg(pool);
  return {
    provider: factory.provider,
    adapterName: factory.adapterName,
    connect: async () => withWholeScripts(await factory.connect()),
    connectToShadowDb: () => connectToShadow(databaseUrl, pool),
  };
}

async function connectToShadow(databaseUrl: string, pool: Pool): Promise<SqlDriverAdapter> {
  const name = `evertoken_shadow_${randomUUID()}`;
  const url = new URL(databaseUrl);
  url.pathname = `/${name}`;
  await pool.query(`CREATE DATABASE "${name}"`);
  const shadowPool = new CataloguePool({ connectionString: url.href, max: 1, allowExitOnIdle: true });
  const adapter = withWholeScripts(shadowPool.restoreTypes(await new PrismaPg(shadowPool).connect()));
  adapter.dispose = async () => {
    await shadowPool.end();
    await pool.query(`DROP DATABASE "${name}"`);
  };
  return adapter;
}

function withWholeScripts<Adapter extends SqlDriverAdapter>(adapter: Adapter): Adapter {
  adapter.executeScript = async (script) => {
    await adapter.executeRaw({ sql: script, args: [], argTypes: [] });
  };
  return adapter;
}
