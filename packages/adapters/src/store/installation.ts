import type { HeldWhy, InstallationRow, ServerIdentity } from "@evertoken/core";
import { Client, type Pool } from "pg";
import type { DatabaseClock } from "./database-clock.ts";
import { tellSql } from "./tell-sql.ts";

export interface InstallationFacts {
  readonly row: InstallationRow | null;
  readonly server: ServerIdentity;
  /** Another text after each start of the server: a failover, a restart or a restore leads to another one. */
  readonly startedAt: string;
  /** Nobody has moved the beat on for a moment. */
  readonly beatIsDue: boolean;
}

/** When the server that answers was started, in SQL. Tells one server from another, at no cost. */
const startedAtSql = "extract(epoch FROM pg_postmaster_start_time())::text";

/** What a process has found to be the true database: the claim is conditional on it. */
export interface Ground {
  readonly identity: string;
  readonly beatAt: Date;
  readonly startedAt: string;
}

/** Of a process that has not looked yet, or is held: no database is that one, so no claim matches. Not null, which asks for nothing. */
export const nowhere: Ground = { identity: "00000000-0000-0000-0000-000000000000", beatAt: new Date(0), startedAt: "" };

/** Parameters of {@link groundSql}. @param ground left out: whichever database answers */
export const groundParameters = (ground?: Ground) => [
  ground?.identity ?? null,
  ground?.beatAt ?? null,
  ground?.startedAt ?? null,
];

/**
 * Whether the database is still the one that the process has looked at, in SQL: the same server, not gone back, and held by nobody.
 * So that between a failover and the next look nothing is claimed.
 *
 * @param first number of the first of the three parameters
 */
export const groundSql = (first: number) =>
  `($${first}::uuid IS NULL OR (${startedAtSql} = $${first + 2}::text AND EXISTS (SELECT 1 FROM installation i
    WHERE i.identity = $${first}::uuid AND i.held_why IS NULL AND i.beat_at >= $${first + 1}::timestamptz)))`;

interface FactsRow {
  identity: string | null;
  system_identifier: string | null;
  timeline: number | null;
  adopted_oid: string | null;
  beat_at: Date | null;
  held_why: HeldWhy | null;
  released_at: Date | null;
  database_oid: string;
  started_at: string;
  beat_is_due: boolean;
  now: Date;
}

/** Reads the row, and what Postgres says of itself; the latter once per server. */
export function createReadInstallation(pool: Pool, clock: DatabaseClock): () => Promise<InstallationFacts> {
  let known: { startedAt: string; told: Pick<ServerIdentity, "systemIdentifier" | "timeline"> } | null = null;
  return async () => {
    const ask = () => pool.query<FactsRow>(factsSql);
    const { rows } = await clock.with(ask, (answer) => answer.rows[0]?.now ?? null);
    const facts = rows[0] as FactsRow;
    if (known?.startedAt !== facts.started_at) known = { startedAt: facts.started_at, told: await askServer(pool) };
    return {
      row: facts.identity === null ? null : toRow(facts, facts.identity),
      server: { ...known.told, databaseOid: Number(facts.database_oid) },
      startedAt: facts.started_at,
      beatIsDue: facts.beat_is_due,
    };
  };
}

const factsSql = `SELECT i.identity, i.system_identifier, i.timeline, i.database_oid AS adopted_oid, i.beat_at, i.held_why, i.released_at,
    d.oid::bigint AS database_oid, ${startedAtSql} AS started_at,
    coalesce(i.beat_at < clock_timestamp() - interval '900 milliseconds', false) AS beat_is_due,
    clock_timestamp() AS now
  FROM pg_database d LEFT JOIN installation i ON true WHERE d.datname = current_database()`;

function toRow(facts: FactsRow, identity: string): InstallationRow {
  return {
    identity,
    systemIdentifier: facts.system_identifier,
    timeline: facts.timeline,
    databaseOid: Number(facts.adopted_oid),
    beatAt: facts.beat_at as Date,
    heldWhy: facts.held_why,
    releasedAt: facts.released_at,
  };
}

/**
 * Postgres lets everybody ask; a managed one may not. The timeline is that of the log which is being written: what the control file says
 * of it is as old as the last checkpoint. A replica that waits to be promoted has none yet: what it is cannot be told before.
 *
 * @throws a replica's refusal to take writes (25006)
 */
async function askServer(pool: Pool): Promise<Pick<ServerIdentity, "systemIdentifier" | "timeline">> {
  await pool.query("SELECT FROM installation FOR KEY SHARE");
  const system = await ask<{ id: string }>(pool, "SELECT system_identifier::text AS id FROM pg_control_system()");
  const timeline = await ask<{ id: string }>(pool, "SELECT left(pg_walfile_name(pg_current_wal_lsn()), 8) AS id");
  return {
    systemIdentifier: system?.id ?? null,
    timeline: timeline === null ? null : Number.parseInt(timeline.id, 16),
  };
}

async function ask<T extends object>(pool: Pool, sql: string): Promise<T | null> {
  try {
    return (await pool.query<T>(sql)).rows[0] ?? null;
  } catch (error) {
    // A code of Postgres' own (such as 42501, or 0A000) is a refusal; without one, or with one that passes, it is away.
    const { code } = error as { code?: unknown };
    if (typeof code === "string" && /^[0-9A-Z]{5}$/.test(code) && !/^(08|40|53|57)/.test(code)) return null;
    throw error;
  }
}

/** The first start: of many processes one gives the identity, and all see the same. */
export async function foundInstallation(pool: Pool, identity: string, server: ServerIdentity): Promise<void> {
  await pool.query(
    `INSERT INTO installation (identity, system_identifier, timeline, database_oid, beat_at)
     VALUES ($1, $2, $3, $4, clock_timestamp()) ON CONFLICT (id) DO NOTHING`,
    [identity, server.systemIdentifier, server.timeline, server.databaseOid],
  );
}

/**
 * Of all processes that find it due, one moves it; and only on the server that was looked at: on one that took its place meanwhile it would
 * wipe out what shows how far that lags behind. @returns the new time, or null: another one did, or it is another server
 */
export async function moveBeat(pool: Pool, startedAt: string): Promise<Date | null> {
  const { rows } = await pool.query<{ beat_at: Date }>({
    name: "installation-beat",
    text: `UPDATE installation SET beat_at = greatest(clock_timestamp(), beat_at + interval '1 millisecond')
      WHERE beat_at < clock_timestamp() - interval '900 milliseconds' AND held_why IS NULL AND ${startedAtSql} = $1 RETURNING beat_at`,
    values: [startedAt],
  });
  return rows[0]?.beat_at ?? null;
}

/**
 * Writes down that nothing is spent, and tells of it once. That Redis is another one's is a matter of each process' settings, and not kept.
 * @returns whether this is news
 */
export async function holdInstallation(pool: Pool, why: HeldWhy, reason: string): Promise<boolean> {
  const { rowCount } = await pool.query(
    `WITH held AS (
       UPDATE installation SET told_why = $1, held_why = CASE WHEN $1 = 'other_redis' THEN held_why ELSE $1 END,
         held_at = clock_timestamp()
       WHERE told_why IS DISTINCT FROM $1 RETURNING identity)
     ${tellSql({ event: "'installation.held'", provider: "''", payload: { status: "$1::text", reason: "$2::text" } }, "held")}`,
    [why, reason],
  );
  return (rowCount ?? 0) > 0;
}

/** After a failover: this is the server from now on, as far on as anybody remembers; unless another one has taken its place meanwhile. */
export async function goOn(
  pool: Pool,
  { server, startedAt }: Pick<InstallationFacts, "server" | "startedAt">,
  remembered: Date,
): Promise<void> {
  await pool.query(
    `UPDATE installation SET system_identifier = $1, timeline = $2, database_oid = $3,
       beat_at = greatest(clock_timestamp(), beat_at + interval '1 millisecond', $4::timestamptz + interval '1 millisecond')
     WHERE held_why IS NULL AND ${startedAtSql} = $5`,
    [server.systemIdentifier, server.timeline, server.databaseOid, remembered, startedAt],
  );
}

export interface Adoption {
  readonly identity: string;
  readonly server: ServerIdentity;
  /** The beat goes on from here at least. */
  readonly remembered: Date | null;
  /** null: it may spend from now on. */
  readonly heldWhy: HeldWhy | null;
}

/** The operator has said which database is true. */
export async function adoptInstallation(
  pool: Pool,
  { identity, server, remembered, heldWhy }: Adoption,
): Promise<void> {
  await pool.query(
    `WITH adopted AS (
       INSERT INTO installation AS i (identity, system_identifier, timeline, database_oid, beat_at, held_why, held_at, told_why, released_at, adopted_at)
       VALUES ($1, $2, $3, $4, greatest(clock_timestamp(), $5::timestamptz + interval '1 millisecond'), $6,
         CASE WHEN $6::text IS NULL THEN NULL ELSE clock_timestamp() END, $6,
         CASE WHEN $6::text IS NULL THEN clock_timestamp() END, clock_timestamp())
       ON CONFLICT (id) DO UPDATE SET identity = excluded.identity, system_identifier = excluded.system_identifier,
         timeline = excluded.timeline, database_oid = excluded.database_oid,
         beat_at = greatest(excluded.beat_at, i.beat_at + interval '1 millisecond'), held_why = excluded.held_why,
         held_at = excluded.held_at, told_why = excluded.told_why, released_at = excluded.released_at, adopted_at = excluded.adopted_at
       RETURNING held_why)
     ${tellSql({ event: "'installation.released'", provider: "''", payload: {} }, "adopted WHERE held_why IS NULL")}`,
    [identity, server.systemIdentifier, server.timeline, server.databaseOid, remembered, heldWhy],
  );
}

/** Any number that nobody else locks by. */
const lockKey = 4_716_273_915;

/** A process that holds the lock for longer stands still, or waits for a Redis that others reach: they do not wait for it. */
const lockedMs = 30_000;

/**
 * Runs the task in one process at a time; where another one is at it, not at all. Twice does no harm. On a connection of its own: the task
 * needs those of the pool, and there may be one only.
 */
export async function withInstallationLock(pool: Pool, task: () => Promise<void>, longestMs = lockedMs): Promise<void> {
  const client = new Client(pool.options);
  client.on("error", () => {}); // the query tells
  await client.connect();
  try {
    await client.query("BEGIN");
    await client.query(`SET LOCAL idle_in_transaction_session_timeout = ${longestMs}`);
    const { rows } = await client.query<{ locked: boolean }>("SELECT pg_try_advisory_xact_lock($1) AS locked", [
      lockKey,
    ]);
    if (rows[0]?.locked) await task();
    await client.query("COMMIT");
  } finally {
    await client.end().catch(() => {});
  }
}
