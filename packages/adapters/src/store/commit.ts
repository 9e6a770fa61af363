import type { CommitRecord } from "@evertoken/core";
import type { Pool } from "pg";
import type { GrantRecord } from "./commit-grants.ts";
import { commitSetback, type SetbackRecord } from "./commit-setback.ts";

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
  if (isGrant(record)) {
    return (await commitGrant(record)) || (await isStored(pool, record)) ? "committed" : "superseded";
  }
  return (await commitSetback(pool, record as SetbackRecord)) ? "committed" : "superseded";
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
