import type { CommitRecord } from "@evertoken/core";
import type { Pool } from "pg";
import type { GrantRecord } from "./commit-grants.ts";
import { commitSetback, type SetbackRecord } from "./commit-setback.ts";
import { giveWay, holderOf, inUseBy, isGrantInUse } from "./grant-holders.ts";

/**
 * The commit: one statement that changes the connection, writes the log row and the events, and only if the spent generation is still
 * the stored one. A setback also needs the lease: whoever lost it has nothing to say about a connection that another process holds.
 *
 * Repeating a commit that got through already (its answer was lost) is recognized and counts as committed.
 */
export async function commit(
  pool: Pool,
  commitGrant: (record: GrantRecord) => Promise<boolean>,
  record: CommitRecord,
): Promise<"committed" | "superseded"> {
  const stored = isGrant(record)
    ? (await commitHeld(pool, commitGrant, record)) || (await isStored(pool, record))
    : await commitSetback(pool, record as SetbackRecord);
  if (!stored) await logSuperseded(pool, record);
  return stored ? "committed" : "superseded";
}

/**
 * A refresh token that another connection holds would be spent twice. What was granted is stored all the same, but without it: it is safe
 * where it is, and this connection has an access token to its end.
 */
async function commitHeld(
  pool: Pool,
  commitGrant: (record: GrantRecord) => Promise<boolean>,
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

function isGrant(record: CommitRecord): record is GrantRecord {
  return record.transition.kind === "store";
}

async function isStored(pool: Pool, record: GrantRecord): Promise<boolean> {
  const { rows } = await pool.query({
    name: "commit-is-stored",
    text: "SELECT 1 FROM connections WHERE id = $1 AND generation = $2 + 1 AND access_token = $3",
    values: [record.connectionId, record.generation, record.transition.tokens.accessToken],
  });
  return rows.length === 1;
}

/** An attempt that came too late changes nothing, but it happened: it has its row in the log like any other. */
async function logSuperseded(pool: Pool, { connectionId, provider, generation, log }: CommitRecord): Promise<void> {
  await pool.query({
    name: "commit-log-superseded",
    text: `INSERT INTO token_refresh_log (connection_id, provider, trigger, success, outcome, error_code, message, http_status,
        duration_ms, old_expires_at, generation, created_at)
      VALUES ($1, $2, $3, false, $4, $5, $6, $7, $8, $9, $10, $11)`,
    values: [
      ...[connectionId, provider, log.trigger, log.outcome, log.errorCode, "superseded: a newer token set is stored"],
      ...[log.httpStatus, log.durationMs, log.oldExpiresAt, generation, log.at],
    ],
  });
}
