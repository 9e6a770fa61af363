import { type Copies, uncommitted } from "@evertoken/adapters";
import type { Store } from "@evertoken/core";
import type { Pool } from "pg";

export interface PutBackDeps {
  readonly pool: Pool;
  readonly copies: Copies;
  readonly commit: Store["commit"];
}

const atOnce = 500;

/**
 * Puts back what a failover lost: of each connection the newest token set that was committed within the last minutes, by the commit that
 * stores every grant. What is there already, or newer, stays. @returns how many were put back
 */
export async function putBack({ pool, copies, commit }: PutBackDeps): Promise<number> {
  const newest = await copies.newest();
  let back = 0;
  for (let start = 0; start < newest.length; start += atOnce) {
    const lost = await uncommitted(pool, newest.slice(start, start + atOnce));
    const results = await Promise.all(lost.map(commit));
    back += results.filter((result) => result === "committed").length;
  }
  return back;
}
