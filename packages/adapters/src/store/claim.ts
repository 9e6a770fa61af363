import { randomUUID } from "node:crypto";
import { type CircuitCode, type Claim, heldUntil, type Lease, type RefreshOrder, type Refusal } from "@evertoken/core";
import type { Pool } from "pg";
import { standsSql } from "./circuit-sql.ts";
import type { ClaimOptions } from "./claim-options.ts";
import { groundParameters, groundSql } from "./installation.ts";
import { markOlder } from "./newer-generations.ts";
import { earlyMs, obstacleSql, orderColumns, toParameters } from "./obstacles.ts";
import { winProbe } from "./probe.ts";
import { type ConnectionRow, connectionColumns, toConnection } from "./row.ts";
import { sendLimit, type Take } from "./take.ts";

export interface ClaimDeps {
  readonly pool: Pool;
  readonly take: Take;
  readonly options: ClaimOptions;
}

/**
 * The claim: one conditional statement gives the lease, by the database's clock. Only when it does not match is it asked why, by the same
 * conditions (`obstacles`).
 *
 * A lease that ran out is not simply taken. Its owner may be alive and hold a token set that it could not commit, so the lease
 * is first announced as abandoned and left alone for `takeoverMs`.
 */
export async function claim(deps: ClaimDeps, order: RefreshOrder, now: Date): Promise<Claim> {
  const lease = await deps.take({ order, now, throughCircuit: false });
  if (lease !== null) return { kind: "claimed", lease };

  const seen = await look(deps, order, now);
  if (seen === null)
    return { kind: "refused", why: "not_found", until: null, generation: null, nextRefreshAt: null, circuit: null };
  const judged = await judgeSeen(deps, order, now, seen);
  if ("owner" in judged) return { kind: "claimed", lease: judged };
  return {
    kind: "refused",
    ...judged,
    generation: seen.generation,
    nextRefreshAt: seen.next_refresh_at,
    circuit: seen.circuit_code,
  };
}

interface Why {
  readonly why: Refusal;
  readonly until: Date | null;
}

/** What follows from the row as it was seen: a lease after all, or why there is none. */
async function judgeSeen(deps: ClaimDeps, order: RefreshOrder, now: Date, seen: Seen): Promise<Lease | Why> {
  const { why, until } = seen;
  if (why !== null) {
    // So that no job of this row's own generation, which reconcile would add, is run in its place.
    if (why === "older_than_its_job" && order.generation !== null)
      await markOlder(deps.pool, [{ connectionId: order.connectionId, generation: order.generation }]);
    return { why, until };
  }
  // Nothing is sent for a lost attempt: no circuit stands against judging it, and it takes no probe from others.
  if (seen.lease_owner !== null) return takeOver(deps, { ...seen, lease_owner: seen.lease_owner }, now);
  const throughCircuit = seen.circuit_code !== null;
  if (throughCircuit && !(await probes(deps, order, now))) {
    return { why: "circuit_open", until: heldUntil(seen.id, seen.next_probe_at ?? now, now, deps.options.timing) };
  }
  const lease = await deps.take({ order, now, throughCircuit });
  return lease ?? { why: "busy", until: new Date(now.getTime() + earlyMs) };
}

function probes({ pool, options }: ClaimDeps, { connectionId, force }: RefreshOrder, now: Date): Promise<boolean> {
  const { timing, fingerprints } = options;
  const settings = { probeMs: timing.circuitProbeMs, fingerprints: fingerprints() };
  return winProbe(pool, { id: connectionId, now, force }, settings);
}

interface Seen extends ConnectionRow {
  /** What stands against the order; null: only a circuit or a lease that ran out may. */
  why: Refusal | null;
  until: Date | null;
  lease_owner: string | null;
  lease_started_at: Date | null;
  circuit_code: CircuitCode | null;
  granted_with: string | null;
  next_probe_at: Date | null;
}

/** Of two circuits that stand, that of all grants is named, whichever has its probe sooner; nobody comes before both have. */
const lookSql = `SELECT ${connectionColumns}, ${obstacleSql(3)}, c.lease_owner, c.lease_started_at, k.code AS circuit_code, k.next_probe_at,
  (SELECT s.granted_fingerprint FROM provider_states s WHERE s.provider = c.provider AND s.registration = c.registration) AS granted_with
FROM json_to_record($1) AS o(${orderColumns}) JOIN connections c ON c.id = o.id
CROSS JOIN LATERAL (
  SELECT (array_agg(k.code ORDER BY k.circuit_of))[1] AS code, max(k.next_probe_at) AS next_probe_at
  FROM circuits k WHERE ${standsSql("k", "$2")}) k`;

async function look({ pool, options }: ClaimDeps, order: RefreshOrder, now: Date): Promise<Seen | null> {
  const asked = toParameters({ order, now, throughCircuit: false }, 0, options);
  const { rows } = await pool.query<Seen>({
    name: "claim-look",
    text: lookSql,
    values: [asked, options.fingerprints(), ...groundParameters(options.ground?.())],
  });
  return rows[0] ?? null;
}

const takeoverMark = "takeover:";

async function takeOver(
  { pool, options }: ClaimDeps,
  seen: Seen & { readonly lease_owner: string },
  now: Date,
): Promise<Lease | Why> {
  const announced = seen.lease_owner.startsWith(takeoverMark);
  const sendBy = sendLimit(options.sendWithinMs);
  // Each lease is an owner of its own: what is left of an earlier one of this process has no say in it.
  const owner = announced ? `${options.owner}:${randomUUID()}` : `${takeoverMark}${seen.lease_owner}`;
  // lease_started_at stays when it is only announced: the log tells when the lost attempt began.
  const { rowCount } = await pool.query({
    name: "claim-take-over",
    text: `UPDATE connections
      SET lease_owner = $3, lease_until = clock_timestamp() + $4 * interval '1 millisecond',
          lease_started_at = CASE WHEN $5 THEN clock_timestamp() ELSE lease_started_at END
      WHERE id = (SELECT id FROM connections WHERE id = $1 FOR NO KEY UPDATE SKIP LOCKED)
        AND lease_owner = $2 AND lease_until < clock_timestamp() AND generation = $6 AND ${groundSql(7)}`,
    values: [
      seen.id,
      seen.lease_owner,
      owner,
      announced ? options.leaseMs : options.takeoverMs,
      announced,
      seen.generation,
      ...groundParameters(options.ground?.()),
    ],
  });
  if (rowCount !== 1 || !announced) return { why: "busy", until: new Date(now.getTime() + options.takeoverMs) };
  return {
    owner,
    connection: toConnection(seen),
    ...{ sendBy, abandonedSince: seen.lease_started_at ?? now },
    ...{ probing: false, ownFault: null, grantedWith: seen.granted_with },
  };
}
