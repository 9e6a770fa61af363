import { setTimeout as wait } from "node:timers/promises";
import type { Pool, PoolClient } from "pg";

/** Whoever waits for a lock has all others wait behind himself: so long at most, and then not again for a while. */
const lockMs = 300;
const pauseMs = 1000;
const tries = 20;

/**
 * Changes tables that are in use, in one transaction, without anybody waiting for longer than a moment: where a lock is not to be had soon,
 * all is undone and tried again later.
 */
export async function withShortLocks<T>(pool: Pool, change: (client: PoolClient) => Promise<T>): Promise<T> {
  for (let tried = 1; ; tried++) {
    try {
      return await inTransaction(pool, change);
    } catch (error) {
      if ((error as { code?: string }).code !== "55P03" || tried === tries) throw error;
      await wait(pauseMs);
    }
  }
}

async function inTransaction<T>(pool: Pool, change: (client: PoolClient) => Promise<T>): Promise<T> {
  const client = await pool.connect();
  let broken: Error | undefined;
  try {
    await client.query("BEGIN");
    await client.query(`SET LOCAL lock_timeout = ${lockMs}`);
    const result = await change(client);
    await client.query("COMMIT");
    return result;
  } catch (error) {
    await client.query("ROLLBACK").catch((trouble: Error) => {
      broken = trouble;
    });
    throw error;
  } finally {
    client.release(broken);
  }
}
