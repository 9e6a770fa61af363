import type { AuthType, ConnectionStatus, ErrorCode } from "@evertoken/core";
import type { Pool } from "pg";
import { givenRows } from "./given-rows.ts";

/** Connections that can serve no token now and are alike in all that says why. */
export interface OutageGroup {
  readonly provider: string;
  readonly registration: string;
  readonly status: ConnectionStatus;
  readonly auth_type: AuthType;
  readonly error_code: ErrorCode | null;
  /** The client id that the grants belong to, hashed; null: not known. */
  readonly client: string | null;
}

const columns = "provider text, registration text, status text, auth_type text, error_code text, client text";
const keyOf = (alias: string) =>
  `${alias}.provider, ${alias}.registration, ${alias}.status, ${alias}.auth_type, coalesce(${alias}.${alias === "c" ? "last_error_code" : "error_code"}, ''), coalesce(${alias}.client, '')`;

/** True of a connection `c` that is in one of the groups of a JSON parameter. Compared by a hash, so that their number does not matter. */
export const inOutageGroups = (parameter: string) =>
  `(${keyOf("c")}) IN (SELECT ${keyOf("g")} FROM ${givenRows("g", columns, parameter)})`;

/** Those whose token has ended by the clock, and those who wait for their user with a token whose end nobody knows. */
const endedSql = (columns: string) => `FROM unnest($1::text[]) AS p(provider)
  CROSS JOIN unnest(ARRAY['connected', 'token_expired', 'needs_reauth', 'error']) AS s(status)
  CROSS JOIN LATERAL (
    SELECT ${columns} FROM connections c WHERE c.provider = p.provider AND c.status = s.status AND c.expires_at <= $2
    UNION ALL
    SELECT ${columns} FROM connections c WHERE s.status = 'needs_reauth' AND c.provider = p.provider AND c.status = s.status
      AND c.expires_at IS NULL) c`;

const facts = "c.provider, c.registration, c.status, c.auth_type, c.last_error_code, c.client";

/**
 * Reads what has ended, by an index, and nothing else. These statements have no names: a plan that is kept for any time would take a third of all
 * connections for ended, and read them as a whole.
 */
export async function outageGroups(pool: Pool, providers: readonly string[], now: Date): Promise<OutageGroup[]> {
  const { rows } = await pool.query<OutageGroup>({
    text: `SELECT DISTINCT c.provider, c.registration, c.status, c.auth_type, c.last_error_code AS error_code, c.client ${endedSql(facts)}`,
    values: [providers, now],
  });
  return rows;
}

/** So many connections of so many users. */
export interface Affected {
  readonly connections: number;
  readonly customers: number;
}

export interface OutageCount extends Affected {
  /** null: of all reasons of this cause, or of all causes. */
  readonly cause: string | null;
  readonly reason: string | null;
  readonly provider: string | null;
}

/**
 * How many there are of each cause, of each reason at each provider, and in all. A user counts once in each of these.
 *
 * @param tag only of connections that have it; null: of all
 */
export async function countOutages(
  pool: Pool,
  groups: readonly (OutageGroup & { readonly cause: string; readonly reason: string })[],
  now: Date,
  tag: string | null,
): Promise<OutageCount[]> {
  if (groups.length === 0) return [];
  const providers = [...new Set(groups.map(({ provider }) => provider))];
  const { rows } = await pool.query<OutageCount>({
    text: `SELECT g.cause, g.reason, g.provider, count(*)::int AS connections, count(DISTINCT c.user_id)::int AS customers
      ${endedSql(`${facts}, c.user_id, c.id`)}
      JOIN ${givenRows("g", `${columns}, cause text, reason text`, "$3")}
        ON (${keyOf("c")}) = (${keyOf("g")})
      ${tag === null ? "" : "WHERE EXISTS (SELECT FROM connection_tags t WHERE t.tag = $4 AND t.connection_id = c.id)"}
      GROUP BY GROUPING SETS ((), (g.cause), (g.reason, g.provider))`,
    values: [providers, now, JSON.stringify(groups), ...(tag === null ? [] : [tag])],
  });
  return rows;
}

/** Connections that a circuit or a paused queue holds up, whether or not their token still lives. */
export interface HeldUp {
  readonly provider: string;
  /** null: all of the provider. */
  readonly registration: string | null;
}

/** Counted no further than this. */
export const mostHeldUp = 100_000;

/** In the order of what was asked. */
export async function countHeldUp(pool: Pool, held: readonly HeldUp[]): Promise<number[]> {
  if (held.length === 0) return [];
  const { rows } = await pool.query<{ connections: number }>({
    text: `SELECT (SELECT count(*)::int FROM (
        SELECT 1 FROM unnest(ARRAY['connected', 'token_expired', 'error']) AS s(status)
        CROSS JOIN LATERAL (SELECT c.id FROM connections c WHERE c.provider = h.provider AND c.status = s.status AND c.expires_at IS NOT NULL
          AND (h.registration IS NULL OR (c.registration = h.registration AND c.auth_type = 'oauth2')) LIMIT ${mostHeldUp}) c
        LIMIT ${mostHeldUp}) counted) AS connections
      FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS h(provider, registration, n) ORDER BY h.n`,
    values: [held.map(({ provider }) => provider), held.map(({ registration }) => registration)],
  });
  return rows.map(({ connections }) => connections);
}
