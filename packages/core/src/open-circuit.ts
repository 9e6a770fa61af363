import { circuitResumeAt, firstProbeMs } from "./circuit.ts";
import type { CircuitCode, Connection } from "./connection.ts";
import type { DecisionContext } from "./decision-context.ts";
import { isEpidemic, type Surroundings } from "./fault.ts";
import { after, statusWhileFailing, unmarked } from "./setback.ts";
import type { ProviderChange, Setback } from "./transition.ts";

/** What follows from an answer that may be the connection's fault, the provider's or ours: whichever its surroundings speak for. */
export type Judge = (connection: Connection, reason: string, context: DecisionContext) => Setback;

/** Nobody is marked: the others are held back, and one after another is asked whether it goes again. */
export function openCircuit(
  connection: Connection,
  { code, of = "" }: { readonly code: CircuitCode; readonly of?: string },
  reason: string,
  context: DecisionContext,
): Setback {
  const { now, timing, blame } = context;
  const around = aroundOf(context);
  const nextProbeAt = after(now, blame.probing ? timing.circuitProbeMs : firstProbeMs(around.reopened, timing));
  const change: ProviderChange = {
    ...{ kind: "open_circuit", code, of, reason, nextProbeAt, reopened: around.reopened },
    fromMany: code === "mass_denial" || isEpidemic(around, timing),
  };
  return {
    ...unmarked(connection),
    ...(code === "mass_denial" ? doubtfulMark(connection, context) : {}),
    message: reason,
    // After the others: if the fault is its own, another one must be the probe.
    resumeAt: after(circuitResumeAt(connection.id, nextProbeAt, timing), timing.circuitProbeMs / 2),
    provider: change,
  };
}

/** Its user sees why it is late, and is not asked for anything. */
export const doubtfulMark = (connection: Connection, context: DecisionContext) => ({
  status: statusWhileFailing(connection, context.now),
  errorCode: "mass_denial" as const,
  // Hours of other trouble before say nothing of the grant.
  failingSince: aroundOf(context).firstAt ?? context.now,
});

const alone: Surroundings = {
  ...{ others: 0, granted: 0, grantedSinceClosed: 0, usual: 0, times: 1, firstAt: null },
  ...{ code: null, since: null, reopened: 0, believed: false, suspected: false },
};

export const aroundOf = ({ around }: Pick<DecisionContext, "around">): Surroundings => around ?? alone;
