import { type ConnectionStatus, firstId } from "@evertoken/core";
import type { Pool } from "pg";
import { inOutageGroups, type OutageGroup } from "./outages.ts";

/** What lists can be ordered by; each has an index that begins with provider and status. */
export type ListTime = "expires_at" | "last_refresh_at" | "updated_at" | "failing_since";

/** Connections of one provider with one status, from a place in them on. */
export interface ListBucket {
  readonly provider: string;
  readonly status: ConnectionStatus;
  /** The last one seen; null: from the beginning. */
  readonly after: { readonly at: string; readonly id: string } | null;
  /** Bounds of the time, both optional: later than, up to. */
  readonly from?: Date | null;
  readonly to?: Date | null;
  /** Those that have no such time belong to it as well. */
  readonly endless?: boolean;
}

/** A connection as lists show it: no token. */
export interface ListedConnection {
  readonly id: string;
  readonly user_id: string;
  readonly provider: string;
  readonly external_account_id: string;
  readonly display_name: string | null;
  readonly auth_type: string;
  readonly status: ConnectionStatus;
  readonly expires_at: Date | null;
  readonly next_refresh_at: Date | null;
  readonly last_refresh_at: Date | null;
  readonly failing_since: Date | null;
  readonly last_error_code: string | null;
  readonly tags: readonly string[];
  readonly updated_at: Date;
}

export const listedColumns = `c.id, c.user_id, c.provider, c.external_account_id, c.display_name, c.auth_type, c.status, c.expires_at,
  c.next_refresh_at, c.last_refresh_at, c.failing_since, c.last_error_code, c.tags, c.updated_at`;

export interface ListOrder {
  readonly by: ListTime;
  readonly descending: boolean;
  /** One bucket after the other, as they are given, rather than all of them by time. */
  readonly bucketsFirst: boolean;
}

/** What is asked of a connection beside its bucket. */
export interface Narrowed {
  /** It is in one of these groups; null: in whichever. */
  readonly among: readonly OutageGroup[] | null;
  /** It has this tag; null: whichever. */
  readonly tag: string | null;
}

const everybody: Narrowed = { among: null, tag: null };

/**
 * What is true of a connection `c` that is meant. What is not asked is no part of it, so that plans are made for what is.
 *
 * @param from the number of its first parameter
 */
export function narrowing(
  { among, tag }: Narrowed,
  from: number,
): { readonly sql: string; readonly values: readonly string[] } {
  const values = [...(among === null ? [] : [JSON.stringify(among)]), ...(tag === null ? [] : [tag])];
  const tagAt = from + (among === null ? 0 : 1);
  const conditions = [
    ...(among === null ? [] : [inOutageGroups(`$${from}`)]),
    ...(tag === null ? [] : [`c.tags @> ARRAY[$${tagAt}]::text[]`]),
  ];
  return { sql: conditions.map((each) => ` AND ${each}`).join(""), values };
}

const lastId = "ffffffff-ffff-ffff-ffff-ffffffffffff";

/**
 * The first connections of all buckets together. Each bucket is a range of an index, of which no more than `limit` entries are looked at:
 * what a page costs depends on how many buckets there are, not on how many connections.
 */
export async function listConnectionsByTime(
  pool: Pool,
  buckets: readonly ListBucket[],
  { by, descending, bucketsFirst }: ListOrder,
  limit: number,
  narrowed: Narrowed = everybody,
): Promise<ListedConnection[]> {
  if (buckets.length === 0) return [];
  const only = narrowing(narrowed, 8);
  const [compare, direction] = descending ? ["<", "DESC"] : [">", "ASC"];
  const start = descending ? { at: "infinity", id: lastId } : { at: "-infinity", id: firstId };
  const { rows } = await pool.query<ListedConnection>(
    `WITH found AS (
       SELECT b.n, f.id, f.at FROM unnest($1::text[], $2::text[], $3::timestamptz[], $4::uuid[], $5::timestamptz[], $6::timestamptz[])
         WITH ORDINALITY AS b(provider, status, at, id, since, until, n)
       CROSS JOIN LATERAL (
         SELECT c.id, c.${by} AS at FROM connections c
         WHERE c.provider = b.provider AND c.status = b.status AND (c.${by}, c.id) ${compare} (b.at, b.id)
           AND c.${by} > b.since AND c.${by} <= b.until ${only.sql}
         ORDER BY c.${by} ${direction}, c.id ${direction} LIMIT $7) f
       ORDER BY ${bucketsFirst ? "b.n, " : ""}f.at ${direction}, f.id ${direction} LIMIT $7)
     SELECT ${listedColumns} FROM found JOIN connections c USING (id)
     ORDER BY ${bucketsFirst ? "found.n, " : ""}found.at ${direction}, found.id ${direction}`,
    [...columns(buckets.map((bucket) => ({ ...bucket, after: bucket.after ?? start }))), limit, ...only.values],
  );
  return rows;
}

/** Those that have no such time, by id: a token without an end, a connection that was never refreshed. */
export async function listConnectionsWithout(
  pool: Pool,
  buckets: readonly ListBucket[],
  by: ListTime,
  afterId: string | null,
  limit: number,
  narrowed: Narrowed = everybody,
): Promise<ListedConnection[]> {
  if (buckets.length === 0) return [];
  const only = narrowing(narrowed, 5);
  const { rows } = await pool.query<ListedConnection>(
    `WITH found AS (
       SELECT f.id FROM unnest($1::text[], $2::text[]) AS b(provider, status)
       CROSS JOIN LATERAL (
         SELECT c.id FROM connections c WHERE c.provider = b.provider AND c.status = b.status AND c.${by} IS NULL AND c.id > $3
           ${only.sql}
         ORDER BY c.id LIMIT $4) f
       ORDER BY f.id LIMIT $4)
     SELECT ${listedColumns} FROM found JOIN connections c USING (id) ORDER BY c.id`,
    [
      ...[buckets.map(({ provider }) => provider), buckets.map(({ status }) => status), afterId ?? firstId, limit],
      ...only.values,
    ],
  );
  return rows;
}

/** By provider, and of one provider those that were refreshed last first. */
export async function listedByIds(pool: Pool, ids: readonly string[]): Promise<ListedConnection[]> {
  const { rows } = await pool.query<ListedConnection>(
    `SELECT ${listedColumns} FROM connections c WHERE c.id = ANY($1::uuid[]) ORDER BY c.provider, c.last_refresh_at DESC NULLS LAST, c.id`,
    [ids],
  );
  return rows;
}

/** How many there are, counted no further than `most`. */
export async function countListed(
  pool: Pool,
  buckets: readonly ListBucket[],
  by: ListTime,
  most: number,
): Promise<number> {
  const bounded = buckets.map((bucket) => ({ ...bucket, after: { at: "-infinity", id: firstId } }));
  const { rows } = await pool.query<{ n: number }>(
    `SELECT count(*)::int AS n FROM (
       SELECT 1 FROM unnest($1::text[], $2::text[], $3::timestamptz[], $4::uuid[], $5::timestamptz[], $6::timestamptz[])
         AS b(provider, status, at, id, since, until)
       CROSS JOIN LATERAL (SELECT 1 FROM connections c WHERE c.provider = b.provider AND c.status = b.status
         AND c.${by} > b.since AND c.${by} <= b.until LIMIT $7) f
       LIMIT $7) counted`,
    [...columns(bounded), most],
  );
  return rows[0]?.n ?? 0;
}

/** How many of those that cannot be used now there are, counted no further than `most`. */
export async function countAmong(
  pool: Pool,
  buckets: readonly ListBucket[],
  among: readonly OutageGroup[],
  most: number,
): Promise<number> {
  const only = narrowing({ among, tag: null }, 6);
  const { rows } = await pool.query<{ n: number }>(
    `SELECT count(*)::int AS n FROM (
       SELECT 1 FROM unnest($1::text[], $2::text[], $3::timestamptz[], $4::boolean[]) AS b(provider, status, until, endless)
       CROSS JOIN LATERAL (
         SELECT 1 FROM connections c WHERE c.provider = b.provider AND c.status = b.status AND c.expires_at <= b.until
           ${only.sql}
         UNION ALL SELECT 1 FROM connections c WHERE b.endless AND c.provider = b.provider AND c.status = b.status
           AND c.expires_at IS NULL ${only.sql}
         LIMIT $5) f
       LIMIT $5) counted`,
    [
      ...[buckets.map(({ provider }) => provider), buckets.map(({ status }) => status)],
      ...[buckets.map(({ to = null }) => to?.toISOString() ?? "infinity")],
      ...[buckets.map(({ endless = false }) => endless), most, ...only.values],
    ],
  );
  return rows[0]?.n ?? 0;
}

function columns(buckets: readonly (ListBucket & { readonly after: { at: string; id: string } })[]): unknown[] {
  return [
    buckets.map(({ provider }) => provider),
    buckets.map(({ status }) => status),
    buckets.map(({ after }) => after.at),
    buckets.map(({ after }) => after.id),
    buckets.map(({ from = null }) => from?.toISOString() ?? "-infinity"),
    buckets.map(({ to = null }) => to?.toISOString() ?? "infinity"),
  ];
}
