import pg from "pg";

/**
 * One pool serves Prisma and the prepared statements of the hot path alike.
 *
 * @param onError trouble of idle connections; without a listener it would end the process
 */
export function createPool(url: string, max: number, onError: (error: Error) => void): pg.Pool {
  const pool = new pg.Pool({
    connectionString: url,
    max,
    // A server that hangs must not hold a refresh longer than its lease: say so while there is time to spool.
    connectionTimeoutMillis: 5000,
    query_timeout: 10_000,
    // What we give up the server gives up as well, and earlier, so that we hear of it: no claim is made behind our back.
    statement_timeout: 9000,
    idleTimeoutMillis: 30_000,
    keepAlive: true,
  });
  pool.on("error", onError);
  return pool;
}
