import type { Pool } from "pg";
import { idRange } from "./ids-beginning.ts";
import {
  type ListBucket,
  type ListedConnection,
  type ListOrder,
  listedColumns,
  type Narrowed,
  narrowing,
} from "./list-connections.ts";

/** Of one text or tag so many connections are looked at; of a shorter or frequent one the answer says that there are more. */
const mostLookedAt = 10_000;

interface FoundConnection extends ListedConnection {
  /** It is called so, and does not only begin so. */
  readonly exact: boolean;
}

/** The last one of the page before. */
export type FoundAfter = Pick<FoundConnection, "exact" | "provider" | "id"> & {
  readonly status: string;
  /** null: it has no such time. */
  readonly at: string | null;
};

export interface FoundPage {
  readonly rows: readonly FoundConnection[];
  /** How many fit in all, this page and the others. */
  readonly count: number;
  /** Others begin so as well, and were not looked at. */
  readonly more: boolean;
}

/** How a search begins: with those that may fit, by ranges of indexes, so that the number of all connections does not matter. */
const looked = {
  text: `called AS MATERIALIZED (
       SELECT connection_id AS id FROM connection_terms WHERE term = lower(left($1, 200)) COLLATE "C"
       UNION SELECT $2::uuid WHERE $2::uuid = $3::uuid
       LIMIT ${mostLookedAt + 1}
     ), begun AS MATERIALIZED (
       SELECT id FROM (SELECT connection_id AS id FROM connection_terms
         WHERE term > lower(left($1, 200)) COLLATE "C" AND term < (lower(left($1, 200)) || chr(1114111)) COLLATE "C"
         ORDER BY term LIMIT ${mostLookedAt + 1}) t
       UNION SELECT id FROM (SELECT id FROM connections WHERE id BETWEEN $2 AND $3 ORDER BY id LIMIT ${mostLookedAt + 1}) i
     )`,
  tag: `called AS (SELECT $2::uuid AS id WHERE $2 = $3 AND false), begun AS MATERIALIZED (
       SELECT connection_id AS id FROM connection_tags WHERE tag = $1 ORDER BY connection_id LIMIT ${mostLookedAt + 1}
     )`,
} as const;

/**
 * Connections of these buckets whose id, user id, external account id or display name is this text or begins with it, whatever its case:
 * first what is called so, then what begins so, each in the order that was asked for, and what has no such time last. Without a text, those
 * that have the tag.
 */
export async function searchConnections(
  pool: Pool,
  text: string,
  buckets: readonly ListBucket[],
  { by, descending, bucketsFirst }: ListOrder,
  after: FoundAfter | null,
  limit: number,
  narrowed: Narrowed,
): Promise<FoundPage> {
  const from = text === "" ? "tag" : "text";
  const only = narrowing(narrowed, 14);
  const [compare, direction, never] = descending ? ["<", "DESC", "-infinity"] : [">", "ASC", "infinity"];
  const { rows } = await pool.query<FoundConnection & { found: number; more: boolean }>(
    `WITH ${looked[from]}, fitting AS MATERIALIZED (
       SELECT l.exact, ${bucketsFirst ? "b.n" : "0"} AS part, coalesce(c.${by}, '${never}') AS at, ${listedColumns}
       FROM (SELECT id, true AS exact FROM called UNION ALL SELECT id, false FROM begun WHERE id NOT IN (SELECT id FROM called)) l
       -- One by one: before a table was counted, ten thousand would each be compared with all of them.
       CROSS JOIN LATERAL (SELECT * FROM connections WHERE id = l.id OFFSET 0) c
       JOIN unnest($4::text[], $5::text[], $6::timestamptz[], $7::timestamptz[], $13::boolean[])
         WITH ORDINALITY AS b(provider, status, since, until, endless, n)
         ON b.provider = c.provider AND b.status = c.status
           AND (b.since IS NULL OR c.${by} > b.since) AND (b.until IS NULL OR c.${by} <= b.until OR (b.endless AND c.${by} IS NULL))
       WHERE true${only.sql}
     ), page AS (
     SELECT f.* FROM fitting f
     WHERE $8::boolean IS NULL OR f.exact < $8
       OR (f.exact = $8 AND (f.part > $9 OR (f.part = $9 AND (f.at, f.id) ${compare} (coalesce($10, '${never}'::timestamptz), $11::uuid))))
     ORDER BY f.exact DESC, f.part, f.at ${direction}, f.id ${direction} LIMIT $12)
     SELECT (SELECT count(*)::int FROM fitting) AS found,
       (SELECT count(*) FROM called) > ${mostLookedAt} OR (SELECT count(*) FROM begun) > ${mostLookedAt} AS more, p.*
     FROM (SELECT) one LEFT JOIN page p ON true ORDER BY p.exact DESC, p.part, p.at ${direction}, p.id ${direction}`,
    [
      ...[from === "text" ? text : narrowed.tag, ...idRange(text)],
      ...[buckets.map(({ provider }) => provider), buckets.map(({ status }) => status)],
      ...[buckets.map(({ from = null }) => from), buckets.map(({ to = null }) => to)],
      ...[after?.exact ?? null, bucketsFirst ? partOf(buckets, after) : 0, after?.at ?? null, after?.id ?? null, limit],
      ...[buckets.map(({ endless = false }) => endless), ...only.values],
    ],
  );
  const [total] = rows;
  return { rows: rows.filter(({ id }) => id !== null), count: total?.found ?? 0, more: total?.more ?? false };
}

/** Buckets count from 1. */
const partOf = (buckets: readonly ListBucket[], after: FoundAfter | null) =>
  1 + buckets.findIndex(({ provider, status }) => provider === after?.provider && status === after.status);
