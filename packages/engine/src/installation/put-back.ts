import { type Copies, type DrainableSpool, markOlder, troubleWithRecord, uncommitted } from "@evertoken/adapters";
import { type GrantRecord, newestOfEach, type Store } from "@evertoken/core";
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
 * then that its refresh token is spent. What is there already, or newer, stays. One that Postgres refuses shows all the same that its row is
 * old: that connection is held by itself. @returns how many were put back
 */
export async function putBack(deps: PutBackDeps): Promise<number> {
  const { pool, copies, spool } = deps;
  const newest = [...newestOfEach([...(await spool.everything()), ...(await copies.newest())]).values()];
  let back = 0;
  for (let start = 0; start < newest.length; start += atOnce) {
    const lost = await uncommitted(pool, newest.slice(start, start + atOnce));
    const results = await Promise.all(lost.map((record) => putOneBack(deps, record)));
    back += results.filter((isBack) => isBack).length;
  }
  return back;
}

async function putOneBack({ pool, commit }: PutBackDeps, record: GrantRecord): Promise<boolean> {
  try {
    return (await commit(record)) === "committed";
  } catch (error) {
    if (troubleWithRecord(error).kind !== "refused") throw error;
    await markOlder(pool, [{ connectionId: record.connectionId, generation: record.generation + 1 }]);
    return false;
  }
}
