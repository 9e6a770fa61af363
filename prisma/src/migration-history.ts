import { createHash, randomUUID } from "node:crypto";
import type { Client } from "pg";
import type { Migration } from "./migration-files.ts";

/** A row of `_prisma_migrations` that counts: one that was rolled back does not. */
export interface Applied {
  readonly id: string;
  readonly name: string;
  readonly finished: boolean;
  /** What was said when it failed; null: it did not, or its process was killed. */
  readonly logs: string | null;
  /** Of one that is done in steps. */
  readonly steps: number;
}

/**
 * Prisma's own table, column by column, so that its tools and ours go on with each other's work.
 * @see https://www.prisma.io/docs/orm/prisma-migrate/understanding-prisma-migrate/migration-histories
 */
const table = `CREATE TABLE _prisma_migrations (
  id VARCHAR(36) PRIMARY KEY NOT NULL,
  checksum VARCHAR(64) NOT NULL,
  finished_at TIMESTAMPTZ,
  migration_name VARCHAR(255) NOT NULL,
  logs TEXT,
  rolled_back_at TIMESTAMPTZ,
  started_at TIMESTAMPTZ NOT NULL DEFAULT now(),
  applied_steps_count INTEGER NOT NULL DEFAULT 0
)`;

/** @returns null when nothing was ever applied here */
export async function readHistory(client: Client): Promise<Applied[] | null> {
  const found = await client.query<{ name: string | null }>("SELECT to_regclass('_prisma_migrations') AS name");
  if (!found.rows[0]?.name) return null;
  const { rows } = await client.query<Applied>(
    `SELECT id, migration_name AS name, finished_at IS NOT NULL AS finished, logs, applied_steps_count AS steps
       FROM _prisma_migrations WHERE rolled_back_at IS NULL`,
  );
  return rows;
}

export async function createHistory(client: Client): Promise<void> {
  await client.query(table);
}

/** Stands before the migration runs, so that one that fails leaves a trace. @returns its id */
export async function noteStart(client: Client, { name, script }: Migration): Promise<string> {
  const id = randomUUID();
  const checksum = createHash("sha256").update(script).digest("hex");
  await client.query("INSERT INTO _prisma_migrations (id, checksum, migration_name) VALUES ($1, $2, $3)", [
    id,
    checksum,
    name,
  ]);
  return id;
}

export async function noteEnd(client: Client, id: string): Promise<void> {
  await client.query(
    "UPDATE _prisma_migrations SET finished_at = clock_timestamp(), applied_steps_count = 1 WHERE id = $1",
    [id],
  );
}

export async function noteStep(client: Client, id: string, steps: number): Promise<void> {
  await client.query("UPDATE _prisma_migrations SET applied_steps_count = $2 WHERE id = $1", [id, steps]);
}

/** One that is done in steps goes on after the last of them. @returns whether there was a failed one of this name */
export async function noteResumed(client: Client, name: string): Promise<boolean> {
  const { rowCount } = await client.query(
    `UPDATE _prisma_migrations SET logs = NULL
       WHERE migration_name = $1 AND finished_at IS NULL AND rolled_back_at IS NULL`,
    [name],
  );
  return rowCount !== 0;
}

export async function noteFailure(client: Client, id: string, logs: string): Promise<void> {
  await client.query("UPDATE _prisma_migrations SET logs = $2 WHERE id = $1", [id, logs]);
}

/** @returns whether there was a failed one of this name */
export async function noteRollback(client: Client, name: string): Promise<boolean> {
  const { rowCount } = await client.query(
    `UPDATE _prisma_migrations SET rolled_back_at = now()
       WHERE migration_name = $1 AND finished_at IS NULL AND rolled_back_at IS NULL`,
    [name],
  );
  return rowCount !== 0;
}
