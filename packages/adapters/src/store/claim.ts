import {
  type CircuitCode,
  type Claim,
  type ErrorCode,
  heldUntil,
  type RefreshOrder,
  type Refusal,
} from "@evertoken/core";
import type { Pool } from "pg";
import { standsSql } from "./circuit-sql.ts";
import type { ClaimOptions } from "./claim-options.ts";
import { groundParameters, groundSql } from "./installation.ts";
import { markOlder } from "./newer-generations.ts";
import { winProbe } from "./probe.ts";
import { type ConnectionRow, connectionColumns, toConnection } from "./row.ts";
import { earlyMs, sendLimit, type Take } from "./take.ts";

/**
 * The claim: one conditional statement gives the lease, by the database's clock. Only when it does not match is it asked why.
 *
 * A lease that ran out is not simply taken. Its owner may be alive and hold a token set that it could not commit, so the lease
 * is first announced as abandoned and left alone for `takeoverMs`.
 */
export async function claim(
  pool: Pool,
  take: Take,
  order: RefreshOrder,
  now: Date,
  options: ClaimOptions,
): Promise<Claim> {
  const lease = await take({ order, now, throughCircuit: false });
  if (lease !== null) return { kind: "claimed", lease };

  const seen = await look(pool, order.connectionId, now, options);
  if (seen === null)
    return { kind: "refused", why: "not_found", until: null, generation: null, nextRefreshAt: null, circuit: null };
  const refused = (why: Refusal, until: Date | null): Claim => ({
    kind: "refused",
    why,
    until,
    generation: seen.generation,
    nextRefreshAt: seen.next_refresh_at,
    circuit: seen.circuit_open ? seen.circuit_code : null,
  });

  const standing = standsAgainst(seen, order, now, options);
  if (standing !== null) {
    // So that no job of this row's own generation, which reconcile would add, is run in its place.
    if (standing.why === "older_than_its_job" && order.generation !== null)
      await markOlder(pool, [{ connectionId: order.connectionId, generation: order.generation }]);
    return refused(standing.why, standing.until);
  }
  // Nothing is sent for a lost attempt: no circuit stands against judging it, and it takes no probe from others.
  if (seen.lease_owner !== null) return takeOver(pool, order, now, options, seen, refused);
  if (seen.circuit_open) {
    const { timing } = options;
    const wins = await winProbe(
      pool,
      { id: seen.id, now, force: order.force },
      { probeMs: timing.circuitProbeMs, fingerprints: options.fingerprints() },
    );
    if (!wins) return refused("circuit_open", heldUntil(seen.id, seen.next_probe_at ?? now, now, timing));
  }
  const retaken = await take({ order, now, throughCircuit: seen.circuit_open });
  return retaken === null ? refused("busy", new Date(now.getTime() + earlyMs)) : { kind: "claimed", lease: retaken };
}

interface Seen extends ConnectionRow {
  lease_owner: string | null;
  lease_until: Date | null;
  lease_started_at: Date | null;
  lease_ran_out: boolean;
  last_error_code: ErrorCode | null;
  circuit_open: boolean;
  circuit_code: CircuitCode | null;
  granted_with: string | null;
  next_probe_at: Date | null;
  throttled_until: Date | null;
  newer_generation: number | null;
  grounded: boolean;
}

/** Of two circuits that stand, that of all grants is named, whichever has its probe sooner; nobody comes before both have. */
async function look(pool: Pool, id: string, now: Date, { fingerprints, ground }: ClaimOptions): Promise<Seen | null> {
  const { rows } = await pool.query<Seen>({
    name: "claim-look",
    text: `SELECT ${connectionColumns}, c.newer_generation, ${groundSql(4)} AS grounded, c.lease_owner, c.lease_until,
        c.lease_started_at, c.last_error_code,
        coalesce(c.lease_until < clock_timestamp(), false) AS lease_ran_out, k.code IS NOT NULL AS circuit_open, k.code AS circuit_code,
        k.next_probe_at, s.granted_fingerprint AS granted_with, CASE WHEN s.throttled_until > $2 THEN s.throttled_until END AS throttled_until
      FROM connections c LEFT JOIN provider_states s ON s.provider = c.provider AND s.registration = c.registration
      CROSS JOIN LATERAL (
        SELECT (array_agg(k.code ORDER BY k.circuit_of))[1] AS code, max(k.next_probe_at) AS next_probe_at
        FROM circuits k WHERE ${standsSql("k", "$3")}) k
      WHERE c.id = $1`,
    values: [id, now, fingerprints(), ...groundParameters(ground?.() ?? null)],
  });
  return rows[0] ?? null;
}

/** A job that its row is older than stays as the sign that it is; only an operator, the user or a copy of the lost tokens can help. */
const olderMs = 300_000;

/** Its user may reconnect it, and meanwhile it is asked for now and then, by its own job alone: see `unknown` and `denied` in core. */
function isProbed({ next_refresh_at }: Seen, { onlyDue }: RefreshOrder): boolean {
  return onlyDue && next_refresh_at !== null;
}

/** What stands against the order, in the order in which it matters; null: only a circuit or a lease may. */
function standsAgainst(
  seen: Seen,
  order: RefreshOrder,
  now: Date,
  { cooldownMs }: ClaimOptions,
): { why: Refusal; until: Date | null } | null {
  if (seen.status === "disconnected") return { why: "disconnected", until: null };
  if (seen.auth_type !== "oauth2") return { why: "not_refreshable", until: null };
  if (!seen.grounded) return { why: "held", until: new Date(now.getTime() + earlyMs) };
  if (Math.max(seen.newer_generation ?? 0, order.generation ?? 0) > seen.generation) {
    return { why: "older_than_its_job", until: new Date(now.getTime() + olderMs) };
  }
  if (order.generation !== null && seen.generation !== order.generation) return { why: "moved", until: null };
  if (seen.status === "needs_reauth" && !order.force && !isProbed(seen, order))
    return { why: "needs_reauth", until: null };
  if (seen.lease_owner !== null && !seen.lease_ran_out) return { why: "busy", until: seen.lease_until };
  if (!order.force) {
    if (seen.not_before !== null && seen.not_before > now) {
      return { why: whyNotBefore(seen), until: seen.not_before };
    }
    if (seen.throttled_until !== null) return { why: "provider_throttled", until: seen.throttled_until };
  }
  if (order.onlyDue && (seen.next_refresh_at === null || seen.next_refresh_at.getTime() > now.getTime() + earlyMs)) {
    return { why: "not_due", until: seen.next_refresh_at };
  }
  if (order.trigger === "on_demand" && seen.failing_since !== null && seen.lease_started_at !== null) {
    const until = new Date(seen.lease_started_at.getTime() + cooldownMs);
    if (until > now) return { why: "cooling_down", until };
  }
  return null;
}

function whyNotBefore({ last_error_code, lost_answers }: Seen): Refusal {
  if (last_error_code === "mass_denial") return "doubted";
  return lost_answers === 0 || last_error_code === "rate_limited" ? "throttled" : "answer_lost";
}

const takeoverMark = "takeover:";

async function takeOver(
  pool: Pool,
  order: RefreshOrder,
  now: Date,
  options: ClaimOptions,
  seen: Seen,
  refused: (why: Refusal, until: Date | null) => Claim,
): Promise<Claim> {
  const owner = seen.lease_owner as string;
  const announced = owner.startsWith(takeoverMark);
  const sendBy = sendLimit(options.sendWithinMs);
  // lease_started_at stays when it is only announced: the log tells when the lost attempt began.
  const { rowCount } = await pool.query({
    name: "claim-take-over",
    text: `UPDATE connections
      SET lease_owner = $3, lease_until = clock_timestamp() + $4 * interval '1 millisecond',
          lease_started_at = CASE WHEN $5 THEN clock_timestamp() ELSE lease_started_at END
      WHERE id = (SELECT id FROM connections WHERE id = $1 FOR NO KEY UPDATE SKIP LOCKED)
        AND lease_owner = $2 AND lease_until < clock_timestamp() AND generation = $6`,
    values: [
      order.connectionId,
      owner,
      announced ? options.owner : `${takeoverMark}${owner}`,
      announced ? options.leaseMs : options.takeoverMs,
      announced,
      seen.generation,
    ],
  });
  if (rowCount === 1 && announced) {
    const abandonedSince = seen.lease_started_at ?? now;
    const lease = {
      owner: options.owner,
      connection: toConnection(seen),
      ...{ sendBy, abandonedSince },
      ...{ probing: false, ownFault: null },
      grantedWith: seen.granted_with,
    };
    return { kind: "claimed", lease };
  }
  return refused("busy", new Date(now.getTime() + options.takeoverMs));
}
