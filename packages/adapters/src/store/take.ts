import { type CircuitCode, type Lease, type SendLimit, suspectedForMs } from "@evertoken/core";
import { DatabaseError, type Pool } from "pg";
import { createBatcher, defaultBatching } from "./batcher.ts";
import { ownFaultSql, standsSql } from "./circuit-sql.ts";
import type { ClaimOptions } from "./claim-options.ts";
import { fewRowsSql, givenRows } from "./given-rows.ts";
import { groundParameters } from "./installation.ts";
import { orderColumns, type PlacedOrder, toParameters, unobstructedSql } from "./obstacles.ts";
import { type ConnectionRow, connectionColumns, toConnection } from "./row.ts";
import { tryLater } from "./try-later.ts";

/** The lease, or null when something stands against it. */
export type Take = (order: PlacedOrder) => Promise<Lease | null>;

// Two orders for one connection in a batch: one of them gets it, as it should be.
const sql = `
UPDATE connections AS c
SET lease_owner = $2, lease_until = clock_timestamp() + $3 * interval '1 millisecond', lease_started_at = clock_timestamp()
FROM (
  -- Judged as it is when it is locked. A row that somebody else has locked is busy: those that share its statement do not wait for it.
  SELECT o.* FROM json_to_recordset($1) AS o(${orderColumns})
  CROSS JOIN LATERAL (
    SELECT FROM connections c WHERE c.id = o.id AND c.lease_owner IS NULL
      AND ${unobstructedSql(6)}
      AND (o.through_circuit OR NOT EXISTS (SELECT 1 FROM circuits k WHERE ${standsSql("k", "$4")}))
    FOR NO KEY UPDATE SKIP LOCKED) AS free
  ${fewRowsSql("$1")}
) AS o
WHERE c.id = o.id AND c.lease_owner IS NULL
RETURNING o.n, ${connectionColumns}, ${ownFaultSql("$4", "$5")} AS own_fault,
  (SELECT s.granted_fingerprint FROM provider_states s WHERE s.provider = c.provider AND s.registration = c.registration) AS granted_with,
  EXISTS (SELECT 1 FROM circuits k WHERE ${standsSql("k", "$4")}) AS probing`;

/**
 * Gives leases, many orders in one conditional statement, by the database's clock.
 *
 * Each statement is an owner of its own. The leases of one whose answer never came are nobody's, and are given back: no token was sent
 * for them, so nothing is to be judged as lost.
 */
export function createTake(pool: Pool, options: ClaimOptions): Take {
  let statements = 0;
  return createBatcher<PlacedOrder, Lease | null>(async (orders) => {
    const owner = `${options.owner}:${++statements}`;
    const sendBy = sendLimit(options.sendWithinMs);
    const values = [
      JSON.stringify(orders.map((order, n) => toParameters(order, n, options))),
      ...[owner, options.leaseMs, options.fingerprints(), suspectedForMs(options.timing)],
      ...groundParameters(options.ground?.()),
    ];
    try {
      const { rows } = await pool.query<Taken & { n: number }>({ name: "claim-take", text: sql, values });
      const leases = new Map(rows.map((row) => [row.n, toLease(row, owner, sendBy)]));
      return orders.map((_, n) => leases.get(n) ?? null);
    } catch (error) {
      const ids = orders.map(({ order }) => order.connectionId);
      if (!(error instanceof DatabaseError)) tryLater(() => giveBack(pool, ids, owner));
      throw error;
    }
  }, options.batching ?? defaultBatching);
}

/** What the server refused it did not do; what it did not answer it may have done, or do yet. */
async function giveBack(pool: Pool, ids: readonly string[], owner: string): Promise<boolean> {
  const { rowCount } = await pool.query({
    name: "claim-give-back",
    text: `UPDATE connections c SET lease_owner = NULL, lease_until = NULL FROM ${givenRows("r", "id uuid")}
      WHERE c.id = r.id AND c.lease_owner = $2`,
    values: [JSON.stringify(ids.map((id) => ({ id }))), owner],
  });
  return (rowCount ?? 0) > 0;
}

/** Counts from before the statement that claims is sent: the database's lease begins, and so ends, later than we think. */
export function sendLimit(sendWithinMs: number): SendLimit {
  return { wallMs: Date.now() + sendWithinMs, monotonicMs: performance.now() + sendWithinMs };
}

interface Taken extends ConnectionRow {
  readonly own_fault: CircuitCode | null;
  readonly granted_with: string | null;
  /** Through an open circuit, as its probe: what comes of it says whether the circuit may close. */
  readonly probing: boolean;
}

function toLease(row: Taken, owner: string, sendBy: SendLimit): Lease {
  const { probing, own_fault: ownFault, granted_with: grantedWith } = row;
  return { owner, connection: toConnection(row), sendBy, abandonedSince: null, probing, ownFault, grantedWith };
}
