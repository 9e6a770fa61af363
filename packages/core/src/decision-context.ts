import type { Surroundings } from "./fault.ts";
import type { RefreshPolicy } from "./policy.ts";
import type { Timing } from "./settings.ts";

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
  /** This attempt was the one probe of an open circuit. */
  readonly probing: boolean;
  /** It has met this fault before, and others were granted since; or it is marked for it already. */
  readonly ownFault: boolean;
  /** Hash of the client id that the token set was granted to, when it is not the one we asked with. */
  readonly foreignClient: string | null;
  /** The provider has granted to our registration before, but not since its secret or its endpoint changed. */
  readonly untried: boolean;
  /** A grant now would be the first one with this secret and endpoint. */
  readonly proves: boolean;
  /** With an answer that may be anybody's fault: how others were answered meanwhile. */
  readonly around: Surroundings | null;
}
