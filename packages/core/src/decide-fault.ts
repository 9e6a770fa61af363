import type { Connection } from "./connection.ts";
import type { DecisionContext } from "./decision-context.ts";
import { isEpidemic, worksForOthers } from "./fault.ts";
import { aroundOf, type Judge, openCircuit } from "./open-circuit.ts";
import { after, probeLater, stop } from "./setback.ts";
import type { Setback } from "./transition.ts";

export const misconfigured: Judge = (connection, reason, context) => {
  const { blame, timing } = context;
  if (blame.own || (!blame.probing && worksForOthers(aroundOf(context), timing))) {
    return probeLater(connection, "invalid_client", reason, context);
  }
  return openCircuit(connection, { code: "invalid_client" }, reason, context);
};

export const unknown: Judge = (connection, reason, context) => {
  const { blame, timing } = context;
  return !blame.own && (blame.probing || isEpidemic(aroundOf(context), timing))
    ? openCircuit(connection, { code: "unknown_answer" }, reason, context)
    : oddAnswer(connection, reason, context);
};

/** Once the token has ended, waiting for a description helps the user less than a new consent may: it is offered, and we go on asking. */
function oddAnswer(connection: Connection, reason: string, context: DecisionContext): Setback {
  const { now, timing } = context;
  const marked = connection.status === "error" || connection.status === "needs_reauth";
  const failingSince = (marked ? connection.failingSince : null) ?? now;
  const oddForMs = now.getTime() - failingSince.getTime();
  if (oddForMs >= timing.giveUpAfterMs) return { ...stop(connection, "unknown_answer", reason), failingSince };
  const waitMs = Math.min(Math.max(oddForMs, timing.unknownProbeMs), 24 * timing.unknownProbeMs);
  const resumeAt = after(now, waitMs);
  const later = { ...probeLater(connection, "unknown_answer", reason, context), failingSince };
  const probe: Setback = { ...later, resumeAt, nextRefreshAt: resumeAt };
  const ended = connection.expiresAt !== null && connection.expiresAt <= now;
  if (connection.status === "needs_reauth") return { ...probe, status: "needs_reauth", events: [] };
  if (!ended || oddForMs < timing.unknownReconnectAfterMs) return probe;
  return { ...probe, status: "needs_reauth", events: ["connection.needs_reauth"] };
}
