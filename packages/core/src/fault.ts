import type { CircuitCode, Connection } from "./connection.ts";
import type { OutcomeKind } from "./outcome.ts";
import type { Timing } from "./timing.ts";

/** An answer that may be the fault of the connection that got it, of the provider, or of ours: only others' answers tell. */
export interface Fault {
  readonly code: CircuitCode;
  /** Hash of the client id that the grant was given to, when it is not ours; empty: the circuit of all. */
  readonly circuitOf: string;
}

/**
 * What the provider has granted to our registration. `proven`: something, with this secret at this endpoint. `changed`: something, but not
 * since they changed. `new`: nothing yet.
 */
export type SecretStanding = "proven" | "changed" | "new";

/** How others with the same secret were answered at that time. */
export interface Surroundings {
  /**
   * Other connections with the same fault: within the window, and since the circuit last closed. Those that had met it before do not
   * count, but for one that had itself; those that were denied before never do.
   */
  readonly others: number;
  /** Grants since the first of these faults, or of the newest `mostCompared`. Counted no further than matters. */
  readonly granted: number;
  /** Grants since the circuit closed, if that was within the window. Counted no further than matters. */
  readonly grantedSinceClosed: number;
  /** How often this one has met it since it was granted last: each time but the first after others were granted. */
  readonly times: number;
  /** When it met it first; null: now. */
  readonly firstAt: Date | null;
  /** Denials were doubted a while ago: whoever is denied so near to it may be one of that wave, or of the next. */
  readonly suspected: boolean;
  /** How many denials a window of this length has brought lately. */
  readonly usual: number;
  /** Why the circuit that this fault would open is open; null: it is not. */
  readonly code: CircuitCode | null;
  /** Since when it is open, but for moments; null: it is not. */
  readonly since: Date | null;
  /** How often it would have opened again a moment after it was closed. */
  readonly reopened: number;
  /** So many denials have stood for hours that they are believed, and nothing was granted since. */
  readonly believed: boolean;
}

/** Where many are asked, the newest answers say it: a fault of seconds would be lost among the grants of ten minutes. */
export const mostCompared = 10;

/** null: no fault, the answer is judged by itself. */
export function faultOf(
  kind: OutcomeKind,
  { foreignClient, secret }: { readonly foreignClient: string | null; readonly secret: SecretStanding },
): Fault | null {
  switch (kind) {
    case "misconfigured":
      return { code: "invalid_client", circuitOf: "" };
    case "unknown":
      return { code: "unknown_answer", circuitOf: "" };
    case "denied":
      if (foreignClient !== null) return { code: "invalid_client", circuitOf: foreignClient };
      return { code: secret === "changed" ? "invalid_client" : "mass_denial", circuitOf: "" };
    default:
      return null;
  }
}

/** It is marked, or has met the fault before: that it meets it again says nothing about those who have not. */
export function isKnown({ status }: Connection, ownFault: boolean): boolean {
  return status === "error" || status === "needs_reauth" || ownFault;
}

/**
 * One connection's odd answer is its own. The same from many, while few are granted, is the provider's, or ours. The sooner a circuit
 * would open again after it was closed, the more it takes: of many odd accounts among the others each gets its turn once.
 */
export function isEpidemic({ others, granted, reopened }: Surroundings, timing: Timing): boolean {
  return others >= timing.unknownToOpenCircuit * 2 ** Math.min(reopened, 10) && compared(others) > granted;
}

/** Others were granted a moment ago, or are at this moment: whoever is refused is refused itself. */
export function worksForOthers(around: Surroundings, timing: Timing): boolean {
  return around.reopened > 0 ? !isEpidemic(around, timing) : around.grantedSinceClosed > around.others + 1;
}

/**
 * Grants die one by one. When so many are denied at once as this provider's history does not know, it is the provider that errs: a
 * quarter of the newest answers, three at least, and some times what such a window usually brings.
 */
export function isMassDenial({ others, granted, usual }: Surroundings, timing: Timing): boolean {
  const denied = others + 1;
  return denied >= timing.denialsToSuspect && denied > 2 + 5 * usual && 3 * compared(others) >= granted;
}

const compared = (others: number) => Math.min(others + 1, mostCompared);

/** What is denied for so long is dead, whatever the number. */
export function deniedForHours({ since }: Surroundings, now: Date, timing: Timing): boolean {
  return since !== null && now.getTime() - since.getTime() >= timing.denialsBelievedAfterMs;
}
