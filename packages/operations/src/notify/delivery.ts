import type { EventName } from "@evertoken/core";
import type { Pool } from "pg";
import type { Failed } from "./attempt.ts";

/** A claimed delivery with its event. */
export interface Delivery {
  readonly id: string;
  /** This attempt counted. */
  readonly attempts: number;
  readonly event_id: string;
  readonly event: EventName;
  readonly connection_id: string | null;
  readonly provider: string;
  readonly payload: Readonly<Record<string, unknown>>;
  readonly created_at: Date;
  /** Of its connection, as they are now. */
  readonly tags: readonly string[];
}

const returning = `d.id, d.attempts, d.event_id, o.event, o.connection_id, o.provider, o.payload, o.created_at,
  coalesce((SELECT c.tags FROM connections c WHERE c.id = o.connection_id), '{}') AS tags`;

/**
 * The numbers of attempts that pending deliveries of endpoint $1 have: each is one step through the index, so that a claim costs what it
 * takes, whatever else waits.
 */
const levelsSql = `(WITH RECURSIVE level AS (
    (SELECT attempts FROM webhook_deliveries WHERE endpoint_id = $1 AND status = 'pending' ORDER BY attempts LIMIT 1)
    UNION ALL
    SELECT (SELECT d.attempts FROM webhook_deliveries d WHERE d.endpoint_id = $1 AND d.status = 'pending' AND d.attempts > level.attempts
      ORDER BY d.attempts LIMIT 1) FROM level WHERE level.attempts IS NOT NULL)
  SELECT attempts FROM level WHERE attempts IS NOT NULL) AS levels`;

/**
 * Takes due deliveries of an endpoint. The time of the next attempt is written before anything is sent: whoever dies meanwhile leaves
 * a delivery that comes due again by itself. Fewest attempts first, so that none waits behind one that never works.
 */
export async function claimDeliveries(pool: Pool, endpointId: string, limit: number, leaseMs: number) {
  const { rows } = await pool.query<Delivery>({
    name: "notify-claim",
    text: `WITH due AS (
        SELECT due.id FROM (SELECT attempts FROM ${levelsSql}) AS level CROSS JOIN LATERAL (
          SELECT id FROM webhook_deliveries WHERE endpoint_id = $1 AND status = 'pending' AND attempts = level.attempts
            AND next_attempt_at <= now() ORDER BY next_attempt_at LIMIT $2 FOR UPDATE SKIP LOCKED) AS due LIMIT $2)
      UPDATE webhook_deliveries d SET attempts = d.attempts + 1, next_attempt_at = now() + $3 * interval '1 millisecond'
      FROM due, outbox o WHERE d.id = due.id AND o.id = d.event_id RETURNING ${returning}`,
    values: [endpointId, limit, leaseMs],
  });
  return rows;
}

const sameCause = `o.event = lead.event AND o.provider = lead.provider AND coalesce(o.payload->>'errorCode', '') = lead.code`;

/**
 * Takes all deliveries that one message can tell of: same event, provider and cause. While an earlier message about the same is
 * fresh, they are put off instead.
 */
export async function claimGroup(
  pool: Pool,
  endpointId: string,
  { leaseMs, quietMs }: { leaseMs: number; quietMs: number },
): Promise<Delivery[]> {
  const { rows } = await pool.query<Delivery>({
    name: "notify-claim-group",
    text: `WITH lead AS (
        SELECT o.event, o.provider, coalesce(o.payload->>'errorCode', '') AS code, o.connection_id IS NOT NULL AS grouped
        FROM webhook_deliveries d JOIN outbox o ON o.id = d.event_id
        WHERE d.endpoint_id = $1 AND d.status = 'pending' AND d.next_attempt_at <= now() ORDER BY d.id LIMIT 1
      ), quiet AS (
        SELECT max(d.delivered_at) + $3 * interval '1 millisecond' AS until FROM lead, webhook_deliveries d
        JOIN outbox o ON o.id = d.event_id
        WHERE lead.grouped AND d.endpoint_id = $1 AND d.status = 'delivered'
          AND d.delivered_at > now() - $3 * interval '1 millisecond' AND ${sameCause}
      )
      UPDATE webhook_deliveries d SET attempts = d.attempts + CASE WHEN quiet.until IS NULL THEN 1 ELSE 0 END,
        next_attempt_at = coalesce(quiet.until, now() + $2 * interval '1 millisecond')
      FROM lead, quiet, outbox o WHERE d.endpoint_id = $1 AND d.status = 'pending' AND o.id = d.event_id AND ${sameCause}
        AND (d.next_attempt_at <= now() OR d.attempts = 0) RETURNING ${returning}, quiet.until IS NOT NULL AS put_off`,
    values: [endpointId, leaseMs, quietMs],
  });
  const taken = rows as (Delivery & { put_off: boolean })[];
  // Those that were put off are no longer due: look again, another cause may be.
  return taken.some(({ put_off }) => put_off) ? claimGroup(pool, endpointId, { leaseMs, quietMs }) : taken;
}

export async function markDelivered(
  pool: Pool,
  ids: readonly string[],
  { httpStatus, note = null, answerMs }: { httpStatus: number | null; note?: string | null; answerMs: number },
): Promise<void> {
  await pool.query({
    name: "notify-delivered",
    text: `UPDATE webhook_deliveries SET status = 'delivered', delivered_at = now(), next_attempt_at = NULL, http_status = $2, error = $3,
        attempted_at = now(), answer_ms = $4
      WHERE id = ANY($1::bigint[]) AND status = 'pending'`,
    values: [ids, httpStatus, note, answerMs],
  });
}

/** @param delayMs null: no further attempt */
export async function markFailed(
  pool: Pool,
  ids: readonly string[],
  { httpStatus, error, answerMs }: Pick<Failed, "httpStatus" | "error"> & { answerMs: number },
  delayMs: number | null,
): Promise<void> {
  await pool.query({
    name: "notify-failed",
    text: `UPDATE webhook_deliveries SET http_status = $2, error = $3, next_attempt_at = now() + $4 * interval '1 millisecond',
        attempted_at = now(), answer_ms = $5, status = CASE WHEN $4::float8 IS NULL THEN 'failed' ELSE 'pending' END
      WHERE id = ANY($1::bigint[]) AND status = 'pending'`,
    values: [ids, httpStatus, error, delayMs, answerMs],
  });
}

/** An endpoint that does not answer, or asked us to wait, is left alone: with all that is due, or becomes due meanwhile, uncounted. */
export async function hold(pool: Pool, endpointId: string, delayMs: number): Promise<void> {
  await pool.query({
    name: "notify-hold",
    text: "UPDATE webhook_endpoints SET held_until = now() + $2 * interval '1 millisecond' WHERE id = $1",
    values: [endpointId, delayMs],
  });
}

export async function isHeldBack(pool: Pool, endpointId: string): Promise<boolean> {
  const { rows } = await pool.query({
    name: "notify-is-held",
    text: "SELECT FROM webhook_endpoints WHERE id = $1 AND held_until > now()",
    values: [endpointId],
  });
  return rows.length > 0;
}

export async function noteEndpoint(pool: Pool, endpointId: string, state: "works" | "fails" | "gone"): Promise<void> {
  const sql = {
    works:
      "UPDATE webhook_endpoints SET failing_since = NULL, held_until = NULL WHERE id = $1 AND failing_since IS NOT NULL",
    fails: "UPDATE webhook_endpoints SET failing_since = now() WHERE id = $1 AND failing_since IS NULL",
    gone: "UPDATE webhook_endpoints SET failing_since = coalesce(failing_since, now()), enabled = false WHERE id = $1",
  };
  await pool.query(sql[state], [endpointId]);
}

const horizonMs = 3 * 86_400_000;

/** When each endpoint has something to do next. Deliveries of a receiver that has been dead for three days are given up. */
export async function nextDue(pool: Pool, endpointId?: string): Promise<{ endpointId: string; at: Date }[]> {
  if (endpointId === undefined) {
    await pool.query({
      name: "notify-give-up",
      text: `UPDATE webhook_deliveries d SET status = 'failed', next_attempt_at = NULL,
          error = coalesce(d.error, 'no answer') || ' (given up)'
        FROM webhook_endpoints e WHERE e.id = d.endpoint_id AND d.status = 'pending' AND d.attempts > 0
          AND d.created_at < now() - $1 * interval '1 millisecond' AND e.failing_since < now() - $1 * interval '1 millisecond'`,
      values: [horizonMs],
    });
  }
  const { rows } = await pool.query<{ endpointId: string; at: Date }>({
    name: "notify-next-due",
    text: `SELECT e.id AS "endpointId", greatest(next.at, e.held_until) AS at
      FROM webhook_endpoints e CROSS JOIN LATERAL (
        SELECT d.next_attempt_at AS at FROM webhook_deliveries d WHERE d.endpoint_id = e.id AND d.status = 'pending'
        ORDER BY d.next_attempt_at LIMIT 1) AS next
      WHERE e.enabled AND next.at IS NOT NULL AND ($1::uuid IS NULL OR e.id = $1)`,
    values: [endpointId ?? null],
  });
  return rows;
}
