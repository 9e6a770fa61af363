import type { Timing } from "@evertoken/core";
import type { BatcherOptions } from "./batcher.ts";
import type { Ground } from "./installation.ts";

export interface ClaimOptions {
  /** Who we are in leases: unique per process. */
  readonly owner: string;
  readonly leaseMs: number;
  /** So long after its claim a token may still be sent: short enough that it is answered, and the answer stored, in the lease. */
  readonly sendWithinMs: number;
  /** Between finding a lease abandoned and taking it: time for an owner that is alive after all to commit what it holds. */
  readonly takeoverMs: number;
  /** A failing connection is not asked for again sooner by callers that wait for a token. */
  readonly cooldownMs: number;
  readonly timing: Timing;
  /**
   * Of our client secrets, by `provider/registration`. A circuit stands only against the secret that opened it: a process with another
   * one, be it newer or older, has to find out for itself.
   */
  readonly fingerprints: () => Readonly<Record<string, string>>;
  /** The database that was looked at, which the claim must still meet; left out: whichever answers. */
  readonly ground?: () => Ground;
  /** How concurrent claims and commits share statements. */
  readonly batching?: BatcherOptions;
}
