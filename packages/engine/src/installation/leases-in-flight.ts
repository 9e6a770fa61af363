import { claimAgain } from "@evertoken/adapters";
import type { Claim, Lease } from "@evertoken/core";
import type { Pool } from "pg";

export interface LeasesInFlightDeps {
  readonly pool: Pool;
  /** By how much a lease outlasts the time in which its token may leave. */
  readonly outlastsMs: number;
}

/**
 * The leases of this process whose refresh has not ended. A failover may have lost their claims: the new primary knows nothing of
 * requests that are on their way, and would give their connections to the next one that asks.
 */
export class LeasesInFlight {
  readonly #deps: LeasesInFlightDeps;
  readonly #leases = new Map<string, Lease>();

  constructor(deps: LeasesInFlightDeps) {
    this.#deps = deps;
  }

  /** From the claim on. */
  remember(claim: Claim): Claim {
    if (claim.kind === "claimed") this.#leases.set(claim.lease.connection.id, claim.lease);
    return claim;
  }

  /** Its refresh has ended with a commit. What was kept stands under its lease until that runs out. */
  forget(connectionId: string): void {
    this.#leases.delete(connectionId);
  }

  /** Claims them once more, for what is left of each: only where the row is as it was, and nobody else's. */
  async claimAgain(): Promise<void> {
    const { pool, outlastsMs } = this.#deps;
    const endsIn = ({ sendBy }: Lease) => sendBy.monotonicMs + outlastsMs - performance.now();
    for (const [id, lease] of this.#leases) if (endsIn(lease) <= 0) this.#leases.delete(id);
    const standing = [...this.#leases.values()];
    if (standing.length === 0) return;
    await claimAgain(
      pool,
      standing.map((lease) => ({ ...lease, endsInMs: endsIn(lease) })),
    );
  }
}
