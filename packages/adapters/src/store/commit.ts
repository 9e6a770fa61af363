import {
  type CommitRecord,
  type GrantRecord,
  isGrant,
  type OutcomeKind,
  type SetbackRecord,
  type Timing,
} from "@evertoken/core";
import type { Pool } from "pg";
import type { StorableGrant } from "./commit-grants.ts";
import { commitSetback } from "./commit-setback.ts";
import { giveWay, holderOf, inUseBy, isGrantInUse } from "./grant-holders.ts";
import { attemptColumns, attemptParameters, logSql } from "./log-sql.ts";
import { tryLater } from "./try-later.ts";

/**
 * The commit: one statement that changes the connection, writes the log row and the events, and only if the spent generation is still
 * the stored one. A setback also needs the lease: whoever lost it has nothing to say about a connection that another process holds.
 *
 * Repeating a commit that got through already (its answer was lost) is recognized and counts as committed.
 */
export async function commit(
  pool: Pool,
  commitGrant: (record: StorableGrant) => Promise<boolean>,
  record: CommitRecord,
  timing: Timing,
): Promise<"committed" | "superseded"> {
  const stored = isGrant(record)
    ? (await commitHeld(pool, commitGrant, record)) || (await isStored(pool, record))
    : await commitSetbackSoon(pool, record, timing);
  if (!stored) await logSuperseded(pool, record);
  return stored ? "committed" : "superseded";
}

/**
 * A refresh token that another connection holds would be spent twice. What was granted is stored all the same, but without it: it is safe
 * where it is, and this connection has an access token to its end.
 */
async function commitHeld(
  pool: Pool,
  commitGrant: (record: StorableGrant) => Promise<boolean>,
  record: GrantRecord,
): Promise<boolean> {
  try {
    return await commitGrant(record);
  } catch (error) {
    const { tokens, expiresAt } = record.transition;
    if (!isGrantInUse(error) || tokens.grantHash == null) throw error;
    if (await giveWay(pool, tokens.grantHash)) return commitHeld(pool, commitGrant, record);
    const holder = await holderOf(pool, tokens.grantHash);
    if (holder === null) return commitHeld(pool, commitGrant, record);
    const message = inUseBy(holder.id);
    return commitGrant({
      ...record,
      inUse: true,
      transition: {
        ...record.transition,
        tokens: { ...tokens, refreshToken: null, grantHash: null },
        nextRefreshAt: expiresAt,
        message,
      },
      log: { ...record.log, message },
    });
  }
}

/** What an attempt brought is known: without an answer from Postgres it is still told, or its lease would be judged as a lost answer. */
async function commitSetbackSoon(pool: Pool, record: SetbackRecord, timing: Timing): Promise<boolean> {
  try {
    return await commitSetback(pool, record, timing);
  } catch (error) {
    tryLater(async () => {
      await commitSetback(pool, record, timing);
      return true;
    });
    throw error;
  }
}

async function isStored(pool: Pool, record: GrantRecord): Promise<boolean> {
  const { rows } = await pool.query({
    name: "commit-is-stored",
    text: "SELECT 1 FROM connections WHERE id = $1 AND generation = $2 + 1 AND access_token = $3",
    values: [record.connectionId, record.generation, record.transition.tokens.accessToken],
  });
  return rows.length === 1;
}

const mayBeTheft: ReadonlySet<OutcomeKind> = new Set(["denied", "uncertain", "unknown"]);

const nothing = { accessToken: null, refreshToken: null };

const supersededSql = `CASE WHEN EXISTS (SELECT FROM gone) THEN 'superseded: the account was disconnected'
        ELSE 'superseded: a newer token set is stored' END`;

/**
 * An attempt that came too late changes nothing, but it happened: it has its row in the log like any other. If the user disconnected
 * meanwhile, what it brought is alive at the provider and held by nobody: it is kept for its revocation alone. After a reconnect it is left
 * to itself: to revoke it would, at many providers, end the new grant with it.
 *
 * If it sent a token that another one had spent as well, and was refused or never answered, the provider may have taken that for theft
 * and ended the newer grant too. That one is due at once, or as soon as it is stored, and once only.
 */
async function logSuperseded(pool: Pool, record: CommitRecord): Promise<void> {
  const { connectionId, provider, registration, transition, log } = record;
  const { accessToken, refreshToken } = transition.kind === "store" ? transition.tokens : nothing;
  await pool.query({
    name: "commit-log-superseded",
    text: `WITH r AS (
        SELECT * FROM json_to_record($1) AS r(id uuid, provider text, registration text, access_token text, refresh_token text, theft boolean, ${attemptColumns})
      ), gone AS (
        SELECT c.id, c.scopes, c.metadata FROM r JOIN connections c ON c.id = r.id WHERE c.status = 'disconnected'
      ), late AS (
        INSERT INTO revocations (id, connection_id, provider, registration, scopes, metadata, access_token, refresh_token, attempts,
          next_attempt_at)
        SELECT gen_random_uuid(), g.id, r.provider, r.registration, g.scopes, g.metadata, r.access_token, r.refresh_token, 0, now()
        FROM gone g, r
        WHERE r.access_token IS NOT NULL
          AND NOT EXISTS (SELECT FROM revocations o WHERE o.connection_id = r.id AND o.access_token = r.access_token)
      ), checked AS (
        UPDATE connections c SET check_generation = r.generation + 1,
          next_refresh_at = CASE WHEN c.generation > r.generation THEN least(c.next_refresh_at, now()) ELSE c.next_refresh_at END
        FROM r WHERE c.id = r.id AND r.theft AND c.generation BETWEEN r.generation AND r.generation + 1
          AND coalesce(c.check_generation, 0) <= r.generation
          AND c.status IN ('connected', 'token_expired') AND c.connected_at < r.at AND c.next_refresh_at IS NOT NULL
      ), forgotten AS (
        -- That a token which somebody else had spent was refused says nothing about the grant: the next denial is its first.
        DELETE FROM faults f USING r WHERE f.connection_id = r.id AND r.theft
      )
      ${logSql({ connectionId: "r.id", provider: "r.provider", success: false, message: supersededSql }, "r")}`,
    values: [
      {
        ...{ id: connectionId, provider, registration, access_token: accessToken, refresh_token: refreshToken },
        theft: mayBeTheft.has(log.outcome),
        ...attemptParameters(record),
      },
    ],
  });
}
