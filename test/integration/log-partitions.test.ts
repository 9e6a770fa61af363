import { randomUUID } from "node:crypto";
import { createPool, makePartitions, partitionedTables, pruneLog, timeline } from "@evertoken/adapters";
import { migrate } from "@evertoken/database";
import { migrationsList, withSchemaEngine } from "@evertoken/database/engine";
import { Client, type Pool } from "pg";
import { expect, test } from "vitest";
import { createDatabase, createEmptyDatabase, onFileEnd } from "../support/services.ts";

const dayMs = 86_400_000;
const [grantedLog, failedLog] = partitionedTables;
const connection = randomUUID();

async function open(database: Promise<{ url: string }> = createDatabase()): Promise<Pool> {
  const pool = createPool((await database).url, 10, () => {});
  onFileEnd(() => pool.end());
  return pool;
}

const insertSql = `INSERT INTO token_refresh_log (connection_id, provider, trigger, success, outcome, error_code, message, http_status,
    duration_ms, old_expires_at, new_expires_at, generation, created_at)
  SELECT $1, 'acme', 'scheduled', $2, 'any', NULL, NULL, 200, 5, now(), now(), 1, $3::timestamptz + g * interval '1 millisecond'
  FROM generate_series(1, $4::int) g`;

/** An attempt, or many, of so many days from now. */
const log = (client: Pick<Pool, "query">, success: boolean, days: number, count = 1) =>
  client.query(insertSql, [connection, success, new Date(Date.now() + days * dayMs), count]);

const count = async (pool: Pool, table: string) =>
  Number((await pool.query(`SELECT count(*)::int AS n FROM ${table}`)).rows[0].n);

async function partitions(pool: Pool, table: string): Promise<string[]> {
  const { rows } = await pool.query<{ name: string }>(
    "SELECT relname AS name FROM pg_inherits JOIN pg_class ON oid = inhrelid WHERE inhparent = $1::regclass ORDER BY 1",
    [table],
  );
  return rows.map(({ name }) => name.slice(table.length + 1));
}

const dateOf = (days: number) => new Date(Date.now() + days * dayMs).toISOString().slice(0, 10).replaceAll("-", "");

test("they are made a week ahead, once", async () => {
  const pool = await open();
  const days = [0, 1, 2, 3, 4, 5, 6, 7].map(dateOf);
  expect(await partitions(pool, grantedLog.table)).toEqual([...days, "default"]);
  for (const made of [0, 0]) {
    for (const table of partitionedTables) expect(await makePartitions(pool, table, new Date())).toBe(made);
  }
  const inAMonth = new Date(Date.now() + 30 * dayMs);
  expect(await makePartitions(pool, grantedLog, inAMonth)).toBe(8);
  expect(await makePartitions(pool, failedLog, inAMonth)).toBe(2);
  expect((await partitions(pool, grantedLog.table)).slice(8, -1)).toEqual([30, 31, 32, 33, 34, 35, 36, 37].map(dateOf));
  const [monday] = (await partitions(pool, failedLog.table)).slice(-3);
  expect(new Date(`${monday?.slice(0, 4)}-${monday?.slice(4, 6)}-${monday?.slice(6)}`).getUTCDay()).toBe(1);
});

test("an attempt of any time is logged, and kept for as long as its outcome is", async () => {
  const pool = await open();
  for (const days of [-100, -40, -8, -1, 0, 1, 20]) {
    for (const success of [true, false]) await log(pool, success, days);
  }
  const kept = { granted: new Date(Date.now() - 7 * dayMs), failed: new Date(Date.now() - 90 * dayMs) };
  expect(await pruneLog(pool, kept)).toEqual({ partitions: 0, rows: 4 });
  const left = async (success: boolean) =>
    (await pool.query("SELECT created_at FROM refresh_log WHERE success = $1 ORDER BY 1", [success])).rows.map(
      ({ created_at: at }) => Math.round((at.getTime() - Date.now()) / dayMs) + 0, // no -0
    );
  expect([await left(true), await left(false)]).toEqual([
    [-1, 0, 1, 20],
    [-40, -8, -1, 0, 1, 20],
  ]);
  // Three weeks on, those of today are dropped whole, and failures stay.
  const later = Date.now() + 21 * dayMs;
  const then = { granted: new Date(later - 7 * dayMs), failed: new Date(later - 90 * dayMs) };
  expect(await pruneLog(pool, then)).toEqual({ partitions: 8, rows: 1 });
  expect([await left(true), await left(false)]).toEqual([[20], [-40, -8, -1, 0, 1, 20]]);
});

test("nothing that uses the log waits for long while others read it, and the change is made when they are done", async () => {
  const pool = await open();
  const reader = await pool.connect();
  await reader.query("BEGIN");
  await reader.query("SELECT count(*) FROM refresh_log");
  let made: number | null = null;
  const making = makePartitions(pool, grantedLog, new Date(Date.now() + 10 * dayMs)).then((number) => {
    made = number;
  });
  let slowest = 0;
  for (const end = Date.now() + 1500; Date.now() < end; ) {
    const started = performance.now();
    await log(pool, true, 100);
    slowest = Math.max(slowest, performance.now() - started);
  }
  expect(made).toBeNull();
  expect(slowest).toBeLessThan(900);
  await reader.query("COMMIT");
  reader.release();
  await making;
  expect(made).toBeGreaterThan(0);
});

test("after no scheduler ran for a month the log is divided again, with all that was written meanwhile", async () => {
  const pool = await open();
  await log(pool, true, 29, 10_005);
  await log(pool, true, 30, 5);
  await log(pool, false, 30, 5);
  const now = new Date(Date.now() + 30 * dayMs);
  expect([await makePartitions(pool, grantedLog, now), await makePartitions(pool, failedLog, now)]).toEqual([8, 1]);
  await log(pool, true, 30, 3);
  expect([await count(pool, "refresh_log"), await count(pool, `${grantedLog.table}_default`)]).toEqual([10_018, 0]);
  expect((await timeline(pool, connection, {}, 10_100)).entries).toHaveLength(10_018);
  expect(await makePartitions(pool, grantedLog, now)).toBe(0);

  const kept = (days: number) => {
    const at = new Date(now.getTime() + days * dayMs);
    return { granted: at, failed: new Date(at.getTime() - 83 * dayMs) };
  };
  expect(await pruneLog(pool, kept(-0.5))).toEqual({ partitions: 8, rows: 10_005 });
  const beside = async () =>
    (await pool.query("SELECT FROM pg_class WHERE relname LIKE '%beside_granted%' AND relkind = 'r'")).rowCount;
  expect([await count(pool, "refresh_log"), await beside()]).toEqual([13, 1]);
  await pruneLog(pool, kept(2));
  expect([await count(pool, "refresh_log"), await beside()]).toEqual([5, 0]);
});

test("a user who does not own the log deletes row by row", async () => {
  const database = createDatabase();
  const pool = await open(database);
  const role = `writer_${randomUUID().slice(0, 8)}`;
  await pool.query(`CREATE ROLE ${role} LOGIN PASSWORD 'x'; GRANT ALL ON ALL TABLES IN SCHEMA public TO ${role};
    GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO ${role}`);
  onFileEnd(() => pool.query(`DROP OWNED BY ${role}; DROP ROLE ${role}`));
  const url = new URL((await database).url);
  Object.assign(url, { username: role, password: "x" });
  const theirs = await open(Promise.resolve({ url: url.href }));
  await log(theirs, true, 0);
  await log(theirs, false, 0);
  const at = new Date(Date.now() + dayMs);
  expect(await pruneLog(theirs, { granted: at, failed: new Date(Date.now() - dayMs) })).toEqual({
    partitions: 0,
    rows: 1,
  });
});

test("a log of before is read along, its writers go on, and it goes when all in it is old", async () => {
  const { url } = await createEmptyDatabase();
  const { migrationDirectories, ...list } = await migrationsList();
  const last = migrationDirectories.findIndex(({ path }) => path.endsWith("log_by_days"));
  await withSchemaEngine(url, (engine) =>
    engine.applyMigrations({
      migrationsList: { ...list, migrationDirectories: migrationDirectories.slice(0, last) },
      filters: { externalTables: [], externalEnums: [] },
    }),
  );
  const before = new Client({ connectionString: url });
  await before.connect();
  await before.query("CREATE ROLE reads_the_log; GRANT SELECT ON token_refresh_log, refresh_failures TO reads_the_log");
  const old = { text: insertSql, name: "of-the-version-before" };
  const write = (success: boolean, at: Date, rows: number) =>
    before.query({ ...old, values: [connection, success, at, rows] });
  await write(true, new Date(Date.now() - 6 * dayMs), 29_000);
  await write(false, new Date(Date.now() - 60 * dayMs), 5);
  await write(true, new Date(), 995);
  await migrate(url);
  await write(true, new Date(), 10);
  const allowed = await before.query(
    "SELECT bool_and(has_table_privilege('reads_the_log', name, 'SELECT')) AS may FROM unnest(ARRAY['token_refresh_log', 'refresh_log', 'refresh_failures']) name",
  );
  await before.query("DROP OWNED BY reads_the_log; DROP ROLE reads_the_log");
  await before.end();
  expect(allowed.rows).toEqual([{ may: true }]);

  const pool = await open(Promise.resolve({ url }));
  expect([await count(pool, "token_refresh_log"), await count(pool, "token_refresh_log_beside")]).toEqual([
    20_010, 10_000,
  ]);
  const ids = (await pool.query("SELECT count(DISTINCT id)::int AS n FROM refresh_log")).rows;
  expect(ids).toEqual([{ n: 30_010 }]);
  const now = Date.now();
  const prune = (granted: number) =>
    pruneLog(pool, { granted: new Date(now - granted * dayMs), failed: new Date(now - 90 * dayMs) });
  expect(await prune(7)).toEqual({ partitions: 0, rows: 0 });
  // In the default are those that were moved: nothing was there to divide the days before by.
  expect(await prune(5)).toEqual({ partitions: 0, rows: 29_000 });
  expect(await count(pool, "refresh_log")).toBe(1010);
  const gone = await pool.query("SELECT to_regclass('token_refresh_log_beside') AS it");
  expect(gone.rows).toEqual([{ it: null }]);
});
