import { firstId } from "@evertoken/core";
import type { Pool } from "pg";
import { givenRows } from "./given-rows.ts";
import { issuedAtSql } from "./issued-at.ts";
import { notOlderSql, type SeenGeneration } from "./newer-generations.ts";

/** A connection as reconcile needs it. */
export interface DueRow {
  readonly id: string;
  readonly provider: string;
  readonly registration: string;
  readonly client: string | null;
  readonly generation: number;
  readonly due_at: Date;
}

/** The connections that need a job, in pages by id. A due time is never earlier than the wait the provider asked for. */
export async function duePage(pool: Pool, afterId: string, limit: number): Promise<DueRow[]> {
  const { rows } = await pool.query<DueRow>({
    name: "due-page",
    text: `SELECT id, provider, registration, client, generation, greatest(next_refresh_at, not_before) AS due_at FROM connections
      WHERE id > $1 AND next_refresh_at IS NOT NULL AND auth_type = 'oauth2' AND status <> 'disconnected'
        AND ${notOlderSql("")}
      ORDER BY id LIMIT $2`,
    values: [afterId, limit],
  });
  return rows;
}

export interface SoonRow extends DueRow {
  readonly next_refresh_at: Date;
}

/** Those whose jobs are due by then, or overdue, in pages by their due time. */
export async function dueSoonPage(pool: Pool, until: Date, after: SoonRow | null, limit: number): Promise<SoonRow[]> {
  const { rows } = await pool.query<SoonRow>({
    name: "due-soon-page",
    text: `SELECT id, provider, registration, client, generation, next_refresh_at, greatest(next_refresh_at, not_before) AS due_at
      FROM connections WHERE next_refresh_at <= $1 AND auth_type = 'oauth2' AND status <> 'disconnected' AND ${notOlderSql("")}
        AND (next_refresh_at, id) > ($2, $3) ORDER BY next_refresh_at, id LIMIT $4`,
    values: [until, after?.next_refresh_at ?? "-infinity", after?.id ?? firstId, limit],
  });
  return rows;
}

/** Connections of these providers whose child tokens are behind their own. */
export async function behindInDeriving(
  pool: Pool,
  providers: readonly string[],
): Promise<{ id: string; generation: number }[]> {
  const { rows } = await pool.query<{ id: string; generation: number }>({
    name: "behind-in-deriving",
    text: `SELECT id, generation FROM connections WHERE provider = ANY($1::text[]) AND auth_type = 'oauth2'
      AND derived_generation < generation AND status = 'connected' LIMIT 10000`,
    values: [providers],
  });
  return rows;
}

/** Jobs that are not what their connection needs. */
export interface OddJobs {
  /** Its connection is gone, needs none, or has moved on. */
  readonly orphans: ReadonlySet<string>;
  /** Ahead of their connections. */
  readonly ahead: readonly SeenGeneration[];
}

/** Most are neither, and no answer. */
export async function oddJobs(pool: Pool, jobs: readonly SeenGeneration[]): Promise<OddJobs> {
  const { rows } = await pool.query<{ id: string; generation: number; orphan: boolean; ahead: boolean }>({
    name: "jobs-odd",
    text: `SELECT j.id::text AS id, j.generation, coalesce(c.generation < j.generation, false) AS ahead,
        c.id IS NULL OR c.generation > j.generation OR c.next_refresh_at IS NULL AS orphan
      FROM ${givenRows("j", "id uuid, generation int")} LEFT JOIN connections c ON c.id = j.id
      WHERE c.id IS NULL OR c.generation <> j.generation OR c.next_refresh_at IS NULL`,
    values: [JSON.stringify(jobs.map(({ connectionId: id, generation }) => ({ id, generation })))],
  });
  return {
    orphans: new Set(rows.filter(({ orphan }) => orphan).map(({ id, generation }) => `${id}-${generation}`)),
    ahead: rows.filter(({ ahead }) => ahead).map(({ id: connectionId, generation }) => ({ connectionId, generation })),
  };
}

export interface LateRow {
  readonly id: string;
  readonly provider: string;
  readonly registration: string;
  readonly client: string | null;
  readonly due_at: Date;
  readonly generation: number;
}

/** What a sweep looks for, in SQL: `$1` late since, `$2` end of the window, `$3` least life in ms of a long-lived token. */
const lateSql = `(next_refresh_at < $1 OR (expires_at <= $2
  AND expires_at - ${issuedAtSql} >= $3 * interval '1 millisecond'))`;

// A failing connection's retry is due when the decision said, a throttled one's when the provider said: neither is late.
const sweepableSql = `next_refresh_at <= $2 AND auth_type = 'oauth2' AND status NOT IN ('disconnected', 'needs_reauth')
  AND failing_since IS NULL AND not_before IS NULL AND ${notOlderSql("")}`;

/** Late and long-lived tokens, in pages by their due time. */
export async function latePage(
  pool: Pool,
  window: { lateSince: Date; until: Date; longLifeMs: number },
  after: LateRow | null,
  limit: number,
): Promise<LateRow[]> {
  const { rows } = await pool.query<LateRow>({
    name: "sweep-late-page",
    text: `SELECT id, provider, registration, client, generation, next_refresh_at AS due_at FROM connections
      WHERE ${sweepableSql} AND ${lateSql} AND (next_refresh_at, id) > ($4, $5) ORDER BY next_refresh_at, id LIMIT $6`,
    values: [
      window.lateSince,
      window.until,
      window.longLifeMs,
      after?.due_at ?? "-infinity",
      after?.id ?? firstId,
      limit,
    ],
  });
  return rows;
}

/** Makes these due now, where they were not: a due time that has passed stays as it is. */
export async function makeDue(pool: Pool, rows: readonly LateRow[], now: Date): Promise<void> {
  await pool.query({
    name: "sweep-make-due",
    text: `UPDATE connections c SET next_refresh_at = $2 FROM ${givenRows("r", "id uuid, generation int")}
      WHERE c.id = r.id AND c.generation = r.generation AND c.next_refresh_at > $2`,
    values: [JSON.stringify(rows.map(({ id, generation }) => ({ id, generation }))), now],
  });
}

/** How many tokens end within the window; their jobs come in time. */
export async function countExpiring(pool: Pool, until: Date): Promise<number> {
  const { rows } = await pool.query<{ expiring: number }>({
    name: "sweep-count-expiring",
    text: `SELECT count(*)::int AS expiring FROM connections WHERE next_refresh_at <= $1 AND expires_at <= $1
      AND auth_type = 'oauth2' AND status NOT IN ('disconnected', 'needs_reauth')`,
    values: [until],
  });
  return rows[0]?.expiring ?? 0;
}

/** What is shown goes by the clock; what is stored follows, for filters and indexes. A page per statement. @returns how many */
export async function markExpired(pool: Pool, now: Date, pageSize = 5000): Promise<number> {
  for (let marked = 0; ; ) {
    const { rowCount } = await pool.query({
      name: "sweep-mark-expired",
      text: `UPDATE connections SET status = 'token_expired', updated_at = $1 WHERE id IN (
          SELECT id FROM connections WHERE status = 'connected' AND expires_at <= $1 AND lease_owner IS NULL
            AND (next_refresh_at <= $1 OR failing_since IS NOT NULL AND next_refresh_at IS NOT NULL)
          LIMIT $2 FOR UPDATE SKIP LOCKED)
        AND status = 'connected' AND expires_at <= $1 AND lease_owner IS NULL`,
      values: [now, pageSize],
    });
    marked += rowCount ?? 0;
    if ((rowCount ?? 0) < pageSize) return marked;
  }
}

export interface AttemptCounts {
  readonly refreshed: number;
  readonly failed: number;
}

/** At a million connections an attempt is logged every half millisecond: half a million rows in such a slice. */
const sliceMs = 900_000;
const longMs = 7_200_000;

/** Counted a quarter of an hour per statement, since none may run long; for hours on end by what was added up, to the hour. */
export async function attemptsBetween(pool: Pool, since: Date, until: Date): Promise<AttemptCounts> {
  if (until.getTime() - since.getTime() > longMs) return addedUpBetween(pool, since, until);
  const total = { refreshed: 0, failed: 0 };
  for (let from = since.getTime(); from < until.getTime(); from += sliceMs) {
    const { rows } = await pool.query<AttemptCounts>({
      name: "attempts-between",
      text: `SELECT count(*) FILTER (WHERE success)::int AS refreshed, count(*) FILTER (WHERE NOT success)::int AS failed
        FROM refresh_log WHERE created_at > $1 AND created_at <= $2`,
      values: [new Date(from), new Date(Math.min(from + sliceMs, until.getTime()))],
    });
    total.refreshed += rows[0]?.refreshed ?? 0;
    total.failed += rows[0]?.failed ?? 0;
  }
  return total;
}

async function addedUpBetween(pool: Pool, since: Date, until: Date): Promise<AttemptCounts> {
  const { rows } = await pool.query<AttemptCounts>({
    name: "attempts-added-up",
    text: `SELECT coalesce(sum(attempts) FILTER (WHERE outcome = 'granted'), 0)::int AS refreshed,
        coalesce(sum(attempts) FILTER (WHERE outcome <> 'granted'), 0)::int AS failed
      FROM refresh_stats WHERE hour >= date_trunc('hour', $1::timestamptz) AND hour <= $2`,
    values: [since, until],
  });
  return rows[0] ?? { refreshed: 0, failed: 0 };
}
