import { migrate } from "@evertoken/database";
import { migrationsList, withSchemaEngine } from "@evertoken/database/engine";
import { Client } from "pg";
import { expect, test } from "vitest";
import { until } from "../support/rig.ts";
import { createEmptyDatabase, onFileEnd } from "../support/services.ts";

/** Migrations that are done in steps where data are. MIGRATE_ROWS=1000000 for the table that they are made for. */
const size = Number(process.env.MIGRATE_ROWS ?? 10_000);

async function connect(url: string): Promise<Client> {
  const client = new Client({ connectionString: url });
  client.on("error", () => {});
  await client.connect();
  onFileEnd(() => client.end().catch(() => {}));
  return client;
}

/** A database as it was before any of these migrations, with so many connections. */
async function old(rows: number): Promise<{ url: string; client: Client }> {
  const { url } = await createEmptyDatabase();
  const { migrationDirectories, ...list } = await migrationsList();
  const before = migrationDirectories.slice(
    0,
    migrationDirectories.findIndex(({ path }) => path.endsWith("_dashboard")),
  );
  await withSchemaEngine(url, (engine) =>
    engine.applyMigrations({
      migrationsList: { ...list, migrationDirectories: before },
      filters: { externalTables: [], externalEnums: [] },
    }),
  );
  const client = await connect(url);
  await client.query(
    `INSERT INTO connections (id, user_id, provider, external_account_id, display_name, access_token, refresh_token, expires_at, next_refresh_at)
     SELECT gen_random_uuid(), 'User-' || n / 2, 'acme', n::text, 'Account ' || n, rpad('v1.', 260, md5(n::text)), rpad('v1.', 200, md5(n::text)),
       now() + interval '1 hour', now() + n * interval '1 millisecond' FROM generate_series(1, $1::int) n`,
    [rows],
  );
  await client.query(
    "INSERT INTO audit_log (actor, action) SELECT 'key:' || n % 9, 'token.read' FROM generate_series(1, $1::int) n",
    [rows],
  );
  return { url, client };
}

/** All that two databases may differ in. */
async function schemaOf(url: string): Promise<string[]> {
  const client = await connect(url);
  const { rows } = await client.query<{ line: string }>(
    `SELECT indexdef AS line FROM pg_indexes WHERE schemaname = 'public'
     UNION ALL SELECT format('%s.%s %s %s %s', table_name, column_name, data_type, is_nullable, column_default)
       FROM information_schema.columns WHERE table_schema = 'public'
     UNION ALL SELECT conrelid::regclass || ' ' || conname || ' ' || pg_get_constraintdef(oid) FROM pg_constraint
       WHERE connamespace = 'public'::regnamespace
     UNION ALL SELECT pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal
     UNION ALL SELECT 'invalid ' || indexrelid::regclass FROM pg_index WHERE NOT indisvalid
     UNION ALL SELECT pg_get_viewdef(oid) FROM pg_class WHERE relkind = 'v' AND relnamespace = 'public'::regnamespace ORDER BY 1`,
  );
  return rows.map(({ line }) => line);
}

/** Writes as processes of the version before do, until it is told to stop. @returns how long each write took, in ms */
function load(client: Client) {
  const [took, end] = [[] as number[], { is: false }];
  const statements = [
    `UPDATE connections SET generation = generation + 1, next_refresh_at = now() + interval '1 hour' WHERE (user_id, provider, external_account_id)
       IN (SELECT 'User-' || n / 2, 'acme', n::text FROM (SELECT (1 + random() * 999)::int AS n) AS picked)`,
    "INSERT INTO connections (id, user_id, provider, external_account_id) SELECT gen_random_uuid(), 'new', 'acme', gen_random_uuid()::text",
    "INSERT INTO token_refresh_log (connection_id, provider, trigger, success, outcome, duration_ms, generation) VALUES (gen_random_uuid(), 'acme', 'scheduled', true, 'granted', 1, 1)",
    "INSERT INTO audit_log (actor, action) VALUES ('key:1', 'token.read')",
    "INSERT INTO outbox (event, provider, payload) VALUES ('token.refreshed', 'acme', '{}')",
  ];
  const done = (async () => {
    for (let turn = 0; !end.is; turn++) {
      const started = performance.now();
      await client.query(statements[turn % statements.length] as string);
      took.push(performance.now() - started);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  })();
  return async () => {
    end.is = true;
    await done;
    return took;
  };
}

test("no write waits for longer than a second while all that is new is applied, and nothing of it differs", async () => {
  const { url, client } = await old(size);
  const stop = load(client);
  onFileEnd(stop);
  const lines: string[] = [];
  const started = Date.now();
  await migrate(url, { onLine: (line) => lines.push(line) });
  const tookMs = Date.now() - started;
  const waits = await stop();
  const longest = Math.max(...waits);
  if (process.env.MIGRATE_ROWS !== undefined)
    console.log({ size, tookMs, writes: waits.length, longestMs: Math.round(longest), lines });
  expect(longest).toBeLessThan(1000);
  expect(lines.filter((line) => /_dashboard: step \d of 5 done/.test(line))).toHaveLength(5);
  expect(await migrate(url)).toEqual({ applied: [] });

  const { url: fresh } = await createEmptyDatabase();
  await migrate(fresh);
  expect(await schemaOf(url)).toEqual(await schemaOf(fresh));
  const { rows } = await client.query(
    `SELECT count(*)::int AS lacking FROM connections c WHERE NOT EXISTS (
       SELECT FROM connection_terms t WHERE t.connection_id = c.id AND t.term = lower(c.user_id))`,
  );
  expect(rows).toEqual([{ lacking: 0 }]);
}, 1_800_000);

test("it is killed between two steps, or with an index half made: the next one goes on there", async () => {
  const { url, client } = await old(2000);
  // An index is not valid before all that could see the table without it have ended.
  const reader = await connect(url);
  await reader.query("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1");
  const lines: string[] = [];
  const first = migrate(url, { onLine: (line) => lines.push(line) });
  const ended = expect(first).rejects.toThrow();
  const found = await until("the first index is being made", async () => {
    const { rows } = await client.query<{ pid: number }>(
      "SELECT pid FROM pg_stat_activity WHERE application_name = 'evertoken-migrate' AND query LIKE 'CREATE INDEX CONCURRENTLY%' AND datname = current_database()",
    );
    return rows[0];
  });
  await client.query("SELECT pg_terminate_backend($1)", [found.pid]);
  await ended;
  await reader.query("ROLLBACK");
  const invalid = await client.query("SELECT FROM pg_index WHERE NOT indisvalid");
  expect(invalid.rowCount).toBe(1);
  lines.length = 0;
  await migrate(url, { onLine: (line) => lines.push(line) });
  expect(lines.filter((line) => line.includes("_dashboard: step ")).map((line) => /step \d/.exec(line)?.[0])).toEqual([
    "step 4",
    "step 5",
  ]);
  const { url: fresh } = await createEmptyDatabase();
  await migrate(fresh);
  expect(await schemaOf(url)).toEqual(await schemaOf(fresh));
});

test("a step that is refused stops it there, and after --retry it goes on with the same step", async () => {
  const { url, client } = await old(100);
  await client.query("CREATE VIEW audit_log_action_id_idx AS SELECT 1");
  const failure = await migrate(url).catch((error: unknown) => error);
  expect(failure).toMatchObject({
    code: "migration_failed",
    message: expect.stringMatching(/stopped between two steps/),
  });
  await expect(migrate(url)).rejects.toMatchObject({ code: "migration_failed_earlier" });
  await client.query("DROP VIEW audit_log_action_id_idx");
  const [, name] = /migrate --retry (\S+)/.exec(String(failure)) ?? [];
  expect((await migrate(url, { retry: name as string })).applied[0]).toBe(name);
  expect((await client.query("SELECT FROM pg_indexes WHERE indexname = 'audit_log_action_id_idx'")).rowCount).toBe(1);
});

test("a lock that is not to be had at once is given up and asked for again, with writers let through", async () => {
  const { url, client } = await old(10);
  const writer = await connect(url);
  await writer.query("BEGIN; UPDATE connections SET status = status WHERE external_account_id = 'nobody'");
  const stop = load(client);
  onFileEnd(stop);
  const lines: string[] = [];
  const migrating = migrate(url, { onLine: (line) => lines.push(line) });
  await until("it waits", async () => lines.some((line) => line.includes("waits for a lock")));
  await writer.query("COMMIT");
  await migrating;
  expect(Math.max(...(await stop()))).toBeLessThan(1000);
});
