import type { Lease } from "@evertoken/core";
import type { Pool } from "pg";
import { givenRows } from "./given-rows.ts";

export type LeaseInFlight = Pick<Lease, "owner" | "connection"> & { readonly endsInMs: number };

/** Puts leases back that a failover has lost, each only on the generation that it was given for, and where there is none. */
export async function claimAgain(pool: Pool, leases: readonly LeaseInFlight[]): Promise<number> {
  const { rowCount } = await pool.query({
    name: "claim-again",
    text: `UPDATE connections AS c SET lease_owner = r.owner, lease_started_at = clock_timestamp(),
        lease_until = clock_timestamp() + r.ends_in * interval '1 millisecond'
      FROM ${givenRows("r", "id uuid, owner text, generation int, ends_in float8")}
      WHERE c.id = r.id AND c.generation = r.generation AND c.lease_owner IS NULL AND c.status <> 'disconnected'`,
    values: [
      JSON.stringify(
        leases.map(({ connection: { id, generation }, owner, endsInMs }) => ({
          id,
          owner,
          generation,
          ends_in: endsInMs,
        })),
      ),
    ],
  });
  return rowCount ?? 0;
}
