import { type Copies, type DrainableSpool, uncommitted } from "@evertoken/adapters";
import type { GrantRecord, Store } from "@evertoken/core";
import type { Pool } from "pg";

export interface PutBackDeps {
  readonly pool: Pool;
  readonly copies: Copies;
  readonly spool: Pick<DrainableSpool, "everything">;
  readonly commit: Store["commit"];
}

const atOnce = 500;

/**
 * Puts back what a failover lost: of each connection the newest token set that was committed within the last minutes, or that was to be
 * committed, by the commit that stores every grant. The claim of one that is only kept may be lost as well: nothing but the spool shows
 * then that its refresh token is spent. What is there already, or newer, stays. @returns how many were put back
 */
export async function putBack({ pool, copies, spool, commit }: PutBackDeps): Promise<number> {
  const newest = newestOfEach([...(await spool.everything()), ...(await copies.newest())]);
  let back = 0;
  for (let start = 0; start < newest.length; start += atOnce) {
    const lost = await uncommitted(pool, newest.slice(start, start + atOnce));
    const results = await Promise.all(lost.map(commit));
    back += results.filter((result) => result === "committed").length;
  }
  return back;
}

function newestOfEach(records: readonly GrantRecord[]): GrantRecord[] {
  const newest = new Map<string, GrantRecord>();
  for (const record of records) {
    const known = newest.get(record.connectionId);
    if (known === undefined || known.generation < record.generation) newest.set(record.connectionId, record);
  }
  return [...newest.values()];
}
