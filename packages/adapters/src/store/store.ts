import type { Store } from "@evertoken/core";
import type { Pool } from "pg";
import { defaultBatching } from "./batcher.ts";
import { claim } from "./claim.ts";
import type { ClaimOptions } from "./claim-options.ts";
import { commit } from "./commit.ts";
import { createCommitGrants } from "./commit-grants.ts";
import { meetFault } from "./faults.ts";
import { createTake } from "./take.ts";

/** Postgres as the refresh path sees it. */
export function createStore(pool: Pool, options: ClaimOptions): Store {
  const take = createTake(pool, options);
  const commitGrant = createCommitGrants(pool, options.batching ?? defaultBatching);
  return {
    claim: (order, now) => claim({ pool, take, options }, order, now),
    commit: (record) => commit(pool, commitGrant, record, options.timing),
    meetFault: (met) => meetFault(pool, met, options.timing),
  };
}
