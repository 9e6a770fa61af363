import type { Presentation } from "../support/token-server.ts";
import type { Chronicle } from "./chronicle.ts";

/** Where a token set was lost that the server granted: on the wire or in the socket of a process that died, or nowhere that counts. */
export type Explained =
  | "the provider kept its answer"
  | "cut on the wire"
  | "in a killed process"
  | "in a frozen process until the token's end";

/** A process that was killed so soon after an answer had it in its socket, or on its way from there to the journal. */
const inHandsMs = 1000;
/** Clocks of two processes on one machine agree; what one of them notes comes a little later. */
const slackMs = 100;
/** A busy server comes so much later to what it was sent before the wire was cut: it grants, and finds nobody to answer. */
const serverLagMs = 500;

interface Loss {
  /** The last presentation that was granted: its answer is what is missing. */
  readonly granted: Presentation;
  /** The presentation after it, which ended the family; undefined: none came. */
  readonly next: Presentation | undefined;
  readonly lifeMs: number;
}

/** @returns null: nothing died at that time, so the loss is ours */
export function explain({ granted, next, lifeMs }: Loss, chronicle: Chronicle): Explained | null {
  const { atMs, by, behaviour, answer } = granted;
  if (behaviour !== "honest" && answer !== "sent") return "the provider kept its answer";
  if (by !== null && diedWithIt(by, atMs, chronicle)) return "in a killed process";
  const around = chronicle.between(atMs - slackMs, atMs + inHandsMs).map(({ kind }) => kind);
  // What a half-open connection swallowed counts as sent, unless somebody lives to see it reset.
  if (around.includes("halfOpenProvider")) return "cut on the wire";
  const cuts = chronicle.between(atMs - serverLagMs, atMs + inHandsMs).filter(({ kind }) => kind === "cutProvider");
  if (cuts.length > 0 && answer === "lost") return "cut on the wire";
  const overslept =
    by !== null &&
    chronicle.of(by).some(({ kind, fromMs, toMs }) => {
      const frozen = kind === "frozen" && fromMs <= atMs + inHandsMs && toMs >= atMs;
      // Nobody else may spend it again before the access token is near its end.
      return frozen && next !== undefined && next.atMs >= atMs - slackMs + lifeMs / 4 && toMs >= next.atMs - slackMs;
    });
  return overslept ? "in a frozen process until the token's end" : null;
}

/** Time in which it stood still does not count: it could not read. */
function diedWithIt(by: number, atMs: number, chronicle: Chronicle): boolean {
  const done = chronicle.of(by);
  const death = done.find(({ kind }) => ["killed", "hurried", "endedByItself", "neverStopped"].includes(kind));
  // One that was dead before the server, which stood still, even read its request is as dead as any.
  if (death === undefined) return false;
  const frozenMs = done
    .filter(({ kind }) => kind === "frozen")
    .reduce((sum, { fromMs, toMs }) => sum + Math.max(0, Math.min(toMs, death.fromMs) - Math.max(fromMs, atMs)), 0);
  return death.fromMs - atMs - frozenMs <= inHandsMs;
}
