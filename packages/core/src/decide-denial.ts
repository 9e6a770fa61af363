import type { Connection } from "./connection.ts";
import type { DecisionContext } from "./decision-context.ts";
import { deniedForHours, isMassDenial } from "./fault.ts";
import { aroundOf, doubtfulMark, type Judge, openCircuit } from "./open-circuit.ts";
import { after, stop, unmarked } from "./setback.ts";
import type { Setback } from "./transition.ts";

/**
 * A grant that was given to another client id is refused to this one in the words of a dead grant, and so are, at some providers, all
 * grants to a wrong secret or at a wrong endpoint. As long as nothing shows that this client id, this secret, this endpoint are meant, the
 * mistake is ours. Otherwise the grant is dead, unless too many are denied at once; and that the provider can tell a dead grant from a
 * living one shows that our registration works.
 */
export const denied: Judge = (connection, reason, context) => {
  const { foreignClient, own, secret, probing } = context.blame;
  const believed = isBelieved(context);
  if (foreignClient !== null && !own && !believed) {
    const because = `the grant was given to another client id: ${reason}`;
    return openCircuit(connection, { code: "invalid_client", of: foreignClient }, because, context);
  }
  if (secret === "changed") {
    const because = `nothing is granted since the secret or the endpoint changed: ${reason}`;
    return openCircuit(connection, { code: "invalid_client" }, because, context);
  }
  const over = connection.status === "needs_reauth";
  if (!believed && !over && isDoubtful(context)) return doubted(connection, reason, context);
  const marked = mark(connection, reason, believed, context);
  // That one who is marked is denied again says nothing about the others.
  const oneOfMany = over && !believed && aroundOf(context).code === "mass_denial";
  if (!probing || oneOfMany) return marked;
  return { ...marked, provider: { kind: "close_circuit", of: foreignClient, believed } };
};

/** So many denials have stood for hours that they are meant. */
function isBelieved({ blame, ...context }: DecisionContext): boolean {
  const around = aroundOf(context);
  const stoodForHours = deniedForHours(around, context.now, context.timing);
  return around.believed || (blame.probing && blame.secret !== "changed" && stoodForHours);
}

/** The first of a wave holds the others back; after that each is doubted for itself. */
function doubted(connection: Connection, reason: string, context: DecisionContext): Setback {
  const around = aroundOf(context);
  const first = around.firstAt === null && around.reopened === 0;
  const holdsOthers = around.code === "mass_denial" || (first && isMassDenial(around, context.timing));
  return holdsOthers
    ? openCircuit(connection, { code: "mass_denial" }, reason, context)
    : askedLater(connection, reason, context);
}

/** One that was denied among many is denied twice more, each time after others were granted: once may be another outage. */
const denialsToBelieve = 3;

/** Once it is believed it is asked a few times more, in case that it met an outage each time. */
const denialsToEnd = 5;

function isDoubtful(context: DecisionContext): boolean {
  const { timing, blame } = context;
  const around = aroundOf(context);
  if (around.code === "mass_denial") return true;
  if (deniedForMs(context) >= timing.denialsBelievedAfterMs) return false;
  const among = blame.foreignClient === null && (around.firstAt !== null || around.suspected);
  return (among && around.times < denialsToBelieve) || isMassDenial(around, timing);
}

function deniedForMs(context: DecisionContext): number {
  const { firstAt } = aroundOf(context);
  return firstAt === null ? 0 : Math.max(0, context.now.getTime() - firstAt.getTime());
}

/** Ever more rarely: so a connection is asked few times until it is believed, or until an outage has passed. */
const askedAgainAt = (context: DecisionContext) =>
  after(context.now, Math.max(context.timing.circuitProbeMs, deniedForMs(context)));

/** Others work again, so they are not held back for it. The claim heeds `notBefore`: no trigger asks it sooner, unless it is forced. */
function askedLater(connection: Connection, reason: string, context: DecisionContext): Setback {
  const resumeAt = askedAgainAt(context);
  return {
    ...unmarked(connection),
    ...doubtfulMark(connection, context),
    message: reason,
    resumeAt,
    nextRefreshAt: resumeAt,
    notBefore: resumeAt,
  };
}

/** Its user is asked. One that was denied near a wave is asked a few times more by its own job: if it lives, it is found. */
function mark(connection: Connection, reason: string, believed: boolean, context: DecisionContext): Setback {
  const { times, firstAt, suspected } = aroundOf(context);
  const stopped = stop(connection, "refresh_token_expired", reason);
  const again = firstAt !== null;
  const over = connection.status === "needs_reauth";
  const checked = over
    ? again && connection.nextRefreshAt !== null
    : context.blame.foreignClient === null && (again || suspected || believed);
  const lasted = over && deniedForMs(context) >= 4 * context.timing.denialsBelievedAfterMs;
  const ends = times >= denialsToEnd || lasted;
  if (!checked || ends) return stopped;
  const resumeAt = askedAgainAt(context);
  return { ...stopped, job: "postpone", resumeAt, nextRefreshAt: resumeAt };
}
