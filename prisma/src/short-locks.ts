import { setTimeout as wait } from "node:timers/promises";
import type { Client } from "pg";

/** Whoever waits for a lock has all others wait behind himself: so long at most, and then not again for a while. */
const lockMs = 500;
const pauseMs = 1000;
const tries = 300;
const notAvailable = "55P03";

/** In one transaction; where a lock is not to be had soon, all is undone and tried again, for some minutes. */
export async function withShortLocks(
  client: Client,
  change: () => Promise<void>,
  onWait: () => void = () => {},
): Promise<void> {
  for (let tried = 1; ; tried++) {
    try {
      await client.query("BEGIN");
      await client.query(`SET LOCAL lock_timeout = ${lockMs}`);
      await change();
      await client.query("COMMIT");
      return;
    } catch (error) {
      await client.query("ROLLBACK");
      if ((error as { code?: string }).code !== notAvailable || tried === tries) throw error;
      if (tried === 1) onWait();
      await wait(pauseMs);
    }
  }
}
