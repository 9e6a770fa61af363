import {
  claimAgain,
  duePage,
  dueSoonPage,
  grantHoldings,
  knownAccounts,
  makeDue,
  markOlder,
  oddJobs,
  storeHashes,
  uncommitted,
} from "@evertoken/adapters";
import { FreshToken, getAccessToken } from "@evertoken/engine/internal";
import type { Pool, QueryConfig } from "pg";
import { beforeAll, describe, expect, test } from "vitest";
import { engineOf } from "../support/engine-of.ts";
import { createRig, hasty, type Rig } from "../support/rig.ts";
import { lies } from "../support/token-server.ts";

// How Postgres carries out the statements of each refresh, and those that are given a set of rows. A plan that reads a table as a whole
// costs more with each connection, until the planner notices: at some fifteen thousand. Of a hundred, on a dozen pages, it is the right one.

let rig: Rig;
let engine: ReturnType<typeof engineOf>["engine"];
const statements = new Map<string, QueryConfig>();

beforeAll(async () => {
  rig = await createRig({ env: hasty });
  ({ engine } = engineOf(rig.env));
  await recordStatements(engine.pool, runAll);
});

/** Each statement as it was really sent, with its parameters, by its name. */
async function recordStatements(pool: Pool, run: () => Promise<void>): Promise<void> {
  const query = pool.query;
  pool.query = ((statement: QueryConfig & { name?: string }, ...rest: unknown[]) => {
    if (typeof statement === "object" && statement.name !== undefined) statements.set(statement.name, statement);
    return (query as (...given: unknown[]) => unknown).call(pool, statement, ...rest);
  }) as typeof pool.query;
  await run();
  pool.query = query;
}

const order = { trigger: "manual", generation: null, onlyDue: false, force: false } as const;

async function runAll(): Promise<void> {
  const { pool, refreshDeps } = engine;
  const connected = [await rig.connect(), await rig.connect()];
  const ids = connected.map(({ id }) => id);
  await Promise.all(ids.map((connectionId) => engine.runRefresh({ ...order, connectionId })));
  const [id] = ids as [string];
  await rig.server.behave(lies.invalidClient, { next: 1 });
  await engine.runRefresh({ ...order, connectionId: id });
  await refreshDeps.store.claim({ ...order, connectionId: id, trigger: "on_demand" }, new Date());
  await getAccessToken(engine, new FreshToken(engine), id, {}).catch(() => {});
  const jobs = ids.map((connectionId) => ({ connectionId, generation: 2 }));
  await oddJobs(pool, jobs);
  await markOlder(pool, jobs);
  const late = { provider: "acme", registration: "default", client: null, due_at: new Date() };
  const rows = ids.map((each) => ({ ...late, id: each, generation: 2 }));
  await makeDue(pool, rows, new Date());
  await duePage(pool, id, 500);
  await dueSoonPage(pool, new Date(), { ...late, id, generation: 2, next_refresh_at: new Date() }, 500);
  await claimAgain(pool, [{ owner: "nobody", connection: { id, generation: 1 }, endsInMs: 1 } as never]);
  await uncommitted(pool, [{ connectionId: id, generation: 2 } as never]);
  await storeHashes(pool, [{ ...rows[0], metadata: {}, refresh_token: "none", grantHash: "none" } as never]);
  await knownAccounts(pool, [{ userId: "u", provider: "acme", externalAccountId: "a" }]);
  await grantHoldings(pool, ["none"]);
}

/** Read the table in pages, or the newest ten thousand rows of it: of fewer than these, all. */
const bounded = new Set(["due-page", "fault-write", "fault-around"]);
const large = ["connections", "token_refresh_log", "outbox"];

/** Partitions too, but for those that nothing is in: these are read by looking. */
async function largeTables(): Promise<Set<string>> {
  const { rows } = await rig.pool.query<{ name: string }>(
    `SELECT relname AS name FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND pg_relation_size(oid) > 0
       AND relname ~ ('^(' || array_to_string($1::text[], '|') || ')(_granted.*|_failed.*)?$')`,
    [large],
  );
  return new Set(rows.map(({ name }) => name));
}

test("the statements of a refresh, and those over sets of rows, were recorded", () => {
  expect([...statements.keys()]).toEqual(
    expect.arrayContaining([
      ...["claim-take", "claim-look", "commit-grants", "token-by-id", "fault-write", "jobs-odd"],
      ...[
        "mark-older",
        "sweep-make-due",
        "claim-again",
        "uncommitted",
        "grants-store-hashes",
        "accounts-known",
        "grants-held",
      ],
    ]),
  );
});

const sizes = process.env.PLANS_LARGE === undefined ? [1000, 10_000] : [1000, 10_000, 1_000_000];

describe.each(sizes)("of %i connections none is read as a whole", (size) => {
  beforeAll(() => grow(size), 600_000);

  test.each(["before they were counted", "counted"])("%s", async (when) => {
    if (when === "counted") for (const table of large) await rig.pool.query(`ANALYZE ${table}`);
    const wholes: string[] = [];
    const tables = await largeTables();
    expect(tables.size).toBeGreaterThanOrEqual(large.length);
    for (const [name, statement] of statements) {
      for (const plan of await plansOf(statement)) {
        const read = scannedWhole(plan).filter((table) => tables.has(table));
        if (read.length > 0 && !bounded.has(name)) wholes.push(`${name}: ${read}`);
      }
    }
    expect(wholes).toEqual([]);
  });
});

/** With the values that were sent, and with none: Postgres keeps the latter after a few uses. */
async function plansOf({ text, values = [] }: QueryConfig): Promise<Plan[]> {
  const client = await rig.pool.connect();
  try {
    const own = await client.query(`EXPLAIN (FORMAT JSON) ${text}`, values);
    const kept = await client.query(`EXPLAIN (FORMAT JSON, GENERIC_PLAN) ${text}`);
    return [own, kept].map(({ rows }) => rows[0]["QUERY PLAN"][0].Plan);
  } finally {
    client.release();
  }
}

interface Plan {
  readonly "Node Type": string;
  readonly "Relation Name"?: string;
  readonly Plans?: readonly Plan[];
}

function scannedWhole(plan: Plan): string[] {
  const here = plan["Node Type"] === "Seq Scan" ? [plan["Relation Name"] ?? ""] : [];
  return [...here, ...(plan.Plans ?? []).flatMap(scannedWhole)];
}

/** As wide as rows are in life: how many lie on a page decides what the planner finds cheap. */
async function grow(size: number): Promise<void> {
  const text = "repeat(md5(n::text), 12)";
  await rig.pool.query(
    `INSERT INTO connections (id, user_id, provider, registration, external_account_id, auth_type, access_token, refresh_token, scopes,
       expires_at, next_refresh_at, metadata, connected_at, updated_at, grant_hash)
     SELECT gen_random_uuid(), 'user-' || n, 'acme', 'default', n::text, 'oauth2', ${text}, ${text}, '{}', now() + interval '1 hour',
       now() + n * interval '1 second', '{}', now(), now(), md5(n::text)
     FROM generate_series((SELECT count(*) FROM connections), $1) AS n`,
    [size],
  );
  await rig.pool.query(
    `INSERT INTO token_refresh_log (connection_id, provider, trigger, success, outcome, duration_ms, generation, created_at)
     SELECT id, provider, 'scheduled', true, 'granted', 100, 1, now() FROM connections`,
  );
  await rig.pool.query(
    `INSERT INTO outbox (event, connection_id, provider, payload) SELECT 'token.refreshed', id, provider, '{}' FROM connections`,
  );
}
