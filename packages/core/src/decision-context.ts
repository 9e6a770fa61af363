import type { Blame } from "./blame.ts";
import type { Surroundings } from "./fault.ts";
import type { RefreshPolicy } from "./policy.ts";
import type { Timing } from "./timing.ts";

/** All that a decision may depend on besides the connection and the answer. */
export interface DecisionContext {
  readonly now: Date;
  /** When the request was sent: lifetimes count from here, so that latency makes us early, never late. */
  readonly askedAt: Date;
  readonly policy: RefreshPolicy;
  readonly timing: Timing;
  /** In [0, 1). */
  readonly random: number;
  /** An operator wants it, whatever stands against it. */
  readonly forced: boolean;
  readonly blame: Blame;
  /** With an answer that may be anybody's fault: how others were answered meanwhile. */
  readonly around: Surroundings | null;
}
