import { createHash } from "node:crypto";
import type { ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { Behaviour } from "./token-server-behaviour.ts";

export type Outcome = "granted" | "replayed" | "reuse" | "denied" | "client_rejected" | "lied" | "ignored";

/** One request to the token endpoint. Never holds a token, only its SHA-256. */
export type Presentation = {
  tokenHash: string | null;
  family: string | null;
  atMs: number;
  /** The process that asked, where it says so (`x-torture-by`). */
  by: number | null;
  outcome: Outcome;
  behaviour: Behaviour["kind"];
  /** Of a granted or replayed request: did the answer reach the other side? Of others it only says how the socket ended. */
  answer: "pending" | "sent" | "lost";
};

export type LedgerCounts = Record<Outcome, number> & {
  requests: number;
  /** Granted or replayed, and the answer did not reach the other side. */
  answersLost: number;
  /** A rotating token came a second time, whatever was answered the first time (a retry after a 500 counts too). */
  repeated: number;
  /** A request came while another one of the same family was in flight. */
  overlapping: number;
};

export const hashToken = (token: string): string => createHash("sha256").update(token).digest("hex");

/** Writes down each presentation and whether its answer was delivered; keeps the newest `limit`, counts all. */
export function createLedger({ limit, now }: { limit: number; now: () => number }) {
  const entries: Presentation[] = [];
  const lastOnSocket = new WeakMap<Socket, { entry: Presentation; misleading: boolean }>();
  const counts: LedgerCounts = {
    requests: 0,
    granted: 0,
    replayed: 0,
    reuse: 0,
    denied: 0,
    client_rejected: 0,
    lied: 0,
    ignored: 0,
    answersLost: 0,
    repeated: 0,
    overlapping: 0,
  };

  const isGrant = (entry: Presentation) => entry.outcome === "granted" || entry.outcome === "replayed";

  function lose(entry: Presentation): void {
    if (entry.answer === "lost") return;
    entry.answer = "lost";
    if (isGrant(entry)) counts.answersLost += 1;
  }

  return {
    counts,

    entries: (family?: string): Presentation[] =>
      entries.filter((entry) => family === undefined || entry.family === family).map((entry) => ({ ...entry })),

    open(token: string | undefined, family: string | undefined, by: number | null = null): Presentation {
      const entry: Presentation = {
        tokenHash: token === undefined ? null : hashToken(token),
        family: family ?? null,
        atMs: now(),
        by,
        outcome: "ignored",
        behaviour: "honest",
        answer: "pending",
      };
      counts.ignored += 1;
      entries.push(entry);
      // Dropping one by one from the front would make each request pay for the whole list.
      if (entries.length > limit * 1.25) entries.splice(0, entries.length - limit);
      return entry;
    },

    decide(entry: Presentation, outcome: Outcome): void {
      counts[entry.outcome] -= 1;
      counts[outcome] += 1;
      entry.outcome = outcome;
      // The other side went away while this request stood at a gate: what was just granted can reach nobody.
      if (entry.answer === "lost" && isGrant(entry)) counts.answersLost += 1;
    },

    /** `misleading`: the answer that goes out does not carry the new tokens, so they are lost however well it travels. */
    close(entry: Presentation, response: ServerResponse, socket: Socket, misleading: boolean): void {
      if (response.writableFinished && !misleading) entry.answer = "sent";
      else lose(entry);
      lastOnSocket.set(socket, { entry, misleading });
    },

    /**
     * The other side reset the connection. A process that dies with an unread answer in its socket buffer makes the kernel send a reset
     * (one that had read everything ends with FIN), so the last answer on this socket was never read.
     */
    reset(socket: Socket): void {
      const last = lastOnSocket.get(socket);
      if (last && last.entry.answer === "sent") lose(last.entry);
    },
  };
}
