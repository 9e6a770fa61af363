import type { Pool, PoolClient } from "pg";
import { withShortLocks } from "./short-locks.ts";

/** A table in partitions by time, each dropped whole. What fits none is in `<table>_default`. */
export interface Partitioned {
  readonly table: string;
  /** What one of them holds: a day, or a week from Monday, of UTC. Each is a table that a query without a time has to look into. */
  readonly days: 1 | 7;
}

export const grantedLog: Partitioned = { table: "token_refresh_log_granted", days: 1 };
export const failedLog: Partitioned = { table: "token_refresh_log_failed", days: 7 };
export const partitionedTables = [grantedLog, failedLog] as const;

const dayMs = 86_400_000;
/** A scheduler may stand still for so long before anything goes into the default. */
const aheadDays = 7;
/** Postgres reads the default whole before a partition is added beside it, with all writers to it waiting: so many rows take it a moment. */
const readAtOnce = 10_000;

/** Monday, 29 December 1969, began the week of the first day that is counted from. */
const startOf = (time: number, days: number) => (Math.floor((time / dayMs + 3) / days) * days - 3) * dayMs;

const nameOf = (table: string, start: number) =>
  `${table}_${new Date(start).toISOString().slice(0, 10).replaceAll("-", "")}`;

/** Makes partitions for the days to come. @returns how many */
export async function makePartitions(pool: Pool, partitioned: Partitioned, now: Date): Promise<number> {
  const { table, days } = partitioned;
  const there = new Set((await partitionsOf(pool, partitioned)).map(({ name }) => name));
  const current = startOf(now.getTime(), days);
  const last = startOf(now.getTime() + aheadDays * dayMs, days);
  const missing: number[] = [];
  for (let start = current; start <= last; start += days * dayMs) {
    if (!there.has(nameOf(table, start))) missing.push(start);
  }
  if (missing.length === 0) return 0;
  const { rows } = await pool.query(`SELECT FROM ${table}_default LIMIT ${readAtOnce + 1}`);
  return withShortLocks(pool, async (client) => {
    const overflowed = rows.length > readAtOnce;
    if (overflowed) await setAside(client, table, now);
    // What is in the default already cannot be in a partition as well: that of today is left to it.
    const makeable = rows.length === 0 || overflowed ? missing : missing.filter((start) => start > current);
    for (const start of makeable) await make(client, table, start, start + days * dayMs);
    return makeable.length;
  });
}

async function make(client: PoolClient, table: string, from: number, to: number): Promise<void> {
  const name = nameOf(table, from);
  const bounds = [from, to].map((time) => `'${new Date(time).toISOString()}'`);
  await client.query(`CREATE TABLE ${name} (LIKE ${table} INCLUDING DEFAULTS)`);
  await client.query(`ALTER TABLE ${table} ATTACH PARTITION ${name} FOR VALUES FROM (${bounds[0]}) TO (${bounds[1]})`);
}

/** No scheduler has run for longer than was made ahead: the default is read along beside the log, and a new one takes its place. */
async function setAside(client: PoolClient, table: string, now: Date): Promise<void> {
  const beside = `${table.replace("log_", "log_beside_")}_${now.getTime()}`;
  await client.query(`ALTER TABLE ${table} DETACH PARTITION ${table}_default`);
  await client.query(`ALTER TABLE ${table}_default RENAME TO ${beside}`);
  await client.query(`CREATE TABLE ${table}_default PARTITION OF ${table} DEFAULT`);
  await readAlong(client, await tablesBeside(client));
}

/** Tables that were the log, or its default, and hold rows that are still kept. */
export async function tablesBeside(client: Pick<Pool, "query">): Promise<string[]> {
  const { rows } = await client.query<{ name: string }>(
    `SELECT relname AS name FROM pg_class WHERE relkind = 'r' AND relname LIKE 'token\\_refresh\\_log\\_beside%'
       AND relnamespace = (SELECT relnamespace FROM pg_class WHERE oid = 'token_refresh_log'::regclass) ORDER BY relname`,
  );
  return rows.map(({ name }) => name);
}

async function readAlong(client: PoolClient, beside: readonly string[]): Promise<void> {
  const parts = ["token_refresh_log", ...beside].map((name) => `SELECT * FROM ${name}`);
  await client.query(`CREATE OR REPLACE VIEW refresh_log AS ${parts.join(" UNION ALL ")}`);
}

/** If nothing is left of it. One that a view of somebody else reads stays, empty. */
export async function dropBeside(pool: Pool, name: string): Promise<void> {
  const { rows } = await pool.query(`SELECT FROM ${name} LIMIT 1`);
  if (rows.length > 0) return;
  try {
    await withShortLocks(pool, async (client) => {
      await readAlong(
        client,
        (await tablesBeside(client)).filter((other) => other !== name),
      );
      await client.query(`DROP TABLE ${name}`);
    });
  } catch (error) {
    if ((error as { code?: string }).code !== dependentObjects) throw error;
  }
}

const dependentObjects = "2BP01";

/** Only who owns tables may add and drop them. A scheduler with a user of fewer rights writes into the default, and deletes row by row. */
export async function ownsPartitions(pool: Pool): Promise<boolean> {
  const { rows } = await pool.query<{ owns: boolean }>(
    "SELECT pg_has_role(relowner, 'USAGE') AS owns FROM pg_class WHERE oid = 'token_refresh_log'::regclass",
  );
  return rows[0]?.owns === true;
}

/** Drops those whose last row would be older, each by itself. @returns how many */
export async function dropPartitions(pool: Pool, partitioned: Partitioned, before: Date): Promise<number> {
  const old = (await partitionsOf(pool, partitioned)).filter(({ end }) => end <= before.getTime());
  for (const { name } of old) await withShortLocks(pool, (client) => client.query(`DROP TABLE ${name}`));
  return old.length;
}

async function partitionsOf(pool: Pool, { table, days }: Partitioned): Promise<{ name: string; end: number }[]> {
  const { rows } = await pool.query<{ name: string }>(
    `SELECT c.relname AS name FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
     WHERE i.inhparent = $1::regclass AND c.relname ~ ($1 || '_[0-9]{8}$')`,
    [table],
  );
  return rows.map(({ name }) => {
    const [, year, month, day] = /(\d{4})(\d\d)(\d\d)$/.exec(name) ?? [];
    return { name, end: Date.parse(`${year}-${month}-${day}`) + days * dayMs };
  });
}
