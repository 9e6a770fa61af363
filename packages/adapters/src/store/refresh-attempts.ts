import type { Pool } from "pg";
import type { Attempt } from "./timeline.ts";

/** Attempts of all connections, newest first. */
export interface AttemptFilter {
  /** Written then or later, and before: reads are always bounded by time. */
  readonly since: Date;
  readonly until: Date;
  readonly provider?: string;
  readonly outcome?: string;
  readonly code?: string;
  /** Of connections that have it now. */
  readonly tag?: string;
  /** Only those that brought no new token. */
  readonly failed?: boolean;
  /** Only of these connections. */
  readonly connectionIds?: readonly string[];
  /** Before the attempt with this id: the next page. */
  readonly before?: string;
}

/** One attempt, with what its connection is called. */
export interface LoggedAttempt extends Attempt {
  readonly connection_id: string;
  /** null: the connection is gone. */
  readonly name: string | null;
  readonly user_id: string | null;
  readonly provider: string;
}

/** A connection with the attempts of a filter. */
export interface AttemptsOfConnection {
  readonly connection_id: string;
  readonly name: string | null;
  readonly user_id: string | null;
  readonly provider: string;
  readonly status: string | null;
  readonly expires_at: Date | null;
  readonly attempts: number;
  readonly last_at: Date;
  readonly last_code: string | null;
}

/** Of what fits so much was looked at, newest first. */
export interface LookedAt {
  /** Where a look goes on that ended before the beginning of the time; null: everything was looked at. */
  readonly goOnBefore: string | null;
}

/**
 * So many attempts are looked at for one page, whatever is asked: of a million connections there are as many in half a minute. A page that
 * holds less than it could says from where to go on.
 */
export const mostLookedAt = 20_000;

export async function listAttempts(
  pool: Pool,
  filter: AttemptFilter,
  limit: number,
): Promise<LookedAt & { readonly attempts: readonly LoggedAttempt[] }> {
  const { text, values } = await looked(pool, filter);
  const { rows } = await pool.query<LoggedAttempt & Info>(
    `${text} SELECT info.count, info.lowest, f.id::text, f.created_at AS at, f.connection_id, ${nameSql}, f.provider, f.trigger, f.success, f.outcome,
       f.error_code, f.message, f.http_status, f.duration_ms, f.generation, f.new_expires_at
     FROM info LEFT JOIN LATERAL (SELECT * FROM fitting ORDER BY id DESC LIMIT ${Math.trunc(limit) + 1}) f ON true
     LEFT JOIN connections c ON c.id = f.connection_id ORDER BY f.id DESC`,
    values,
  );
  const found = rows.filter(({ id }) => id !== null);
  const attempts = found.slice(0, limit);
  return { attempts, goOnBefore: found.length > limit ? (attempts.at(-1)?.id ?? null) : goOn(rows[0]) };
}

/** The connections of a filter, the last one to fit first: of a group of failures, those that it is about. */
export async function connectionsOfAttempts(
  pool: Pool,
  filter: AttemptFilter,
  limit: number,
): Promise<LookedAt & { readonly connections: readonly AttemptsOfConnection[]; readonly count: number }> {
  const { text, values } = await looked(pool, filter);
  const { rows } = await pool.query<AttemptsOfConnection & Info & { all: number }>(
    `${text}, grouped AS (
       SELECT connection_id, provider, count(*)::int AS attempts, max(created_at) AS last_at, max(id) AS last_id,
         (array_agg(error_code ORDER BY id DESC))[1] AS last_code FROM fitting GROUP BY connection_id, provider)
     SELECT info.count, info.lowest, (SELECT count(*)::int FROM grouped) AS all, g.connection_id, ${nameSql}, g.provider, c.status, c.expires_at,
       g.attempts, g.last_at, g.last_code
     FROM info LEFT JOIN LATERAL (SELECT * FROM grouped ORDER BY last_id DESC LIMIT ${Math.trunc(limit)}) g ON true
     LEFT JOIN connections c ON c.id = g.connection_id ORDER BY g.last_id DESC`,
    values,
  );
  const connections = rows.filter(({ connection_id: id }) => id !== null);
  return { connections, count: rows[0]?.all ?? 0, goOnBefore: goOn(rows[0]) };
}

const nameSql = "coalesce(c.display_name, c.external_account_id) AS name, c.user_id";

interface Info {
  readonly count: number;
  readonly lowest: string | null;
}

const goOn = (info: Info | undefined) => (info !== undefined && info.count >= mostLookedAt ? info.lowest : null);

const lastId = "9223372036854775807";

/** `fitting`: what fits among those that were looked at; `info`: how many these were. */
async function looked(pool: Pool, filter: AttemptFilter): Promise<{ text: string; values: unknown[] }> {
  const { since, until, provider, outcome, code, tag, failed = false, connectionIds, before } = filter;
  const ids = connectionIds === undefined ? await boundsOf(pool, filter) : { from: "0", to: lastId };
  const to = before !== undefined && BigInt(before) < BigInt(ids.to) ? before : ids.to;
  const bounds = `l.created_at >= $1 AND l.created_at < $2 AND l.id >= $3 AND l.id < $4 ${failed ? "AND NOT l.success" : ""}`;
  const rows =
    connectionIds === undefined
      ? `SELECT l.* FROM refresh_log l WHERE ${bounds} ORDER BY l.id DESC LIMIT ${mostLookedAt}`
      : `SELECT l.* FROM unnest($9::uuid[]) AS o(id) CROSS JOIN LATERAL (
           SELECT l.* FROM refresh_log l WHERE l.connection_id = o.id AND ${bounds} ORDER BY l.id DESC LIMIT ${mostLookedAt}) l
         ORDER BY l.id DESC LIMIT ${mostLookedAt}`;
  return {
    text: `WITH looked AS MATERIALIZED (${rows}),
      info AS (SELECT count(*)::int AS count, min(id)::text AS lowest FROM looked),
      fitting AS (SELECT * FROM looked WHERE ($5::text IS NULL OR provider = $5) AND ($6::text IS NULL OR outcome = $6)
        AND ($7::text IS NULL OR error_code = $7)
        AND ($8::text IS NULL OR EXISTS (SELECT FROM connection_tags t WHERE t.tag = $8 AND t.connection_id = looked.connection_id)))`,
    values: [
      ...[since, until, ids.from, to, provider ?? null, outcome ?? null, code ?? null, tag ?? null],
      ...(connectionIds === undefined ? [] : [connectionIds]),
    ],
  };
}

/** Times near a bound are found by an index of a few kilobytes; the further apart attempts are, the fewer there are to look at. */
const steps = ["10 seconds", "10 minutes", "6 hours"];

/** Ids follow the time, but for the seconds that an attempt takes: between which ids all of a time are. */
async function boundsOf(
  pool: Pool,
  { since, until, failed = false }: AttemptFilter,
): Promise<{ from: string; to: string }> {
  const only = failed ? "AND NOT success" : "";
  const nearest = async (pick: "min" | "max", range: (step: string) => string) => {
    for (const step of steps) {
      const { rows } = await pool.query<{ id: string | null }>(
        `SELECT ${pick}(id)::text AS id FROM (SELECT id FROM refresh_log WHERE created_at >= $1 AND created_at < $2 AND ${range(step)} ${only}
           OFFSET 0) near`,
        [since, until],
      );
      if (rows[0]?.id != null) return rows[0].id;
    }
    return null;
  };
  const [from, to] = await Promise.all([
    nearest("min", (step) => `created_at < $1::timestamptz + interval '${step}'`),
    nearest("max", (step) => `created_at >= $2::timestamptz - interval '${step}'`),
  ]);
  return { from: from ?? "0", to: to === null ? lastId : String(BigInt(to) + 1n) };
}

/** A user has few; of one who has more, these are looked at. */
const mostConnections = 1000;

export async function connectionsOfUser(pool: Pool, userId: string): Promise<string[]> {
  const { rows } = await pool.query<{ id: string }>(
    `SELECT id FROM connections WHERE user_id = $1 ORDER BY provider, external_account_id LIMIT ${mostConnections}`,
    [userId],
  );
  return rows.map(({ id }) => id);
}
