import type { Pool } from "pg";

const keepMs = 5000;

/**
 * Whether anybody asked for `token.refreshed`, as it was a few seconds ago: for the path of each refresh, which must not wait for the
 * answer. A wrong "no" costs nothing: the event stands in the outbox and is delivered with the next ones.
 */
export function createWantsRefreshed(pool: Pool): () => boolean {
  let wanted = false;
  let askedAt = Number.NEGATIVE_INFINITY;
  return () => {
    if (Date.now() - askedAt > keepMs) {
      askedAt = Date.now();
      pool
        .query(
          `SELECT EXISTS (SELECT 1 FROM webhook_endpoints WHERE enabled AND 'token.refreshed' = ANY(events)) AS wanted`,
        )
        .then(
          ({ rows }) => {
            wanted = rows[0]?.wanted === true;
          },
          () => undefined,
        );
    }
    return wanted;
  };
}
