import { agesOf, type Copies, type RowAge } from "@evertoken/adapters";
import type { CommitRecord, Store } from "@evertoken/core";
import type { Pool } from "pg";

export interface PutBackDeps {
  readonly pool: Pool;
  readonly copies: Copies;
  readonly commit: Store["commit"];
}

const atOnce = 500;

/**
 * Puts back what a failover lost: of each connection the newest token set that was committed within the last minutes. Conditional on
 * the generation as every commit, so what is there already stays. @returns how many were put back
 */
export async function putBack(deps: PutBackDeps): Promise<number> {
  const newest = await deps.copies.newest();
  let back = 0;
  for (let start = 0; start < newest.length; start += atOnce) {
    const page = newest.slice(start, start + atOnce);
    const ages = await agesOf(
      deps.pool,
      page.map(({ connectionId }) => connectionId),
    );
    const results = await Promise.all(page.map((record) => putBackOne(record, ages.get(record.connectionId), deps)));
    back += results.filter((done) => done).length;
  }
  return back;
}

/** A row that is at the next generation, or was connected anew, has something newer. */
async function putBackOne(record: CommitRecord, row: RowAge | undefined, deps: PutBackDeps): Promise<boolean> {
  if (row === undefined || row.generation > record.generation || row.connected_at > record.log.at) return false;
  return (await deps.commit({ ...record, leaps: true })) === "committed";
}
