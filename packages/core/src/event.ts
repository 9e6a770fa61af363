import { circuitAdvice, failureAdvice } from "./advice.ts";
import type { ErrorCode } from "./connection.ts";

/** What the words for an event may say. Users are not named. */
export interface EventFacts {
  /** The provider's name; empty where none is concerned. */
  readonly provider: string;
  /** So many connections, of one cause. */
  readonly count: number;
  readonly code: ErrorCode | null;
}

/** What people read: a title, and a few plain lines around the cause. */
export interface EventWords {
  readonly title: string;
  readonly before?: readonly string[];
  readonly after?: readonly string[];
}

interface EventDefinition {
  /** Who hears of it without naming it: apps by webhook, operators by their channels, the connection's user by mail. */
  readonly tells: readonly ("apps" | "operators" | "user")[];
  /** Left out: its name says it. */
  readonly words?: (facts: EventFacts) => EventWords;
}

const who = (count: number) => (count === 1 ? "a connection" : `${count} connections`);
const need = (count: number) => `${who(count)} ${count === 1 ? "needs its user" : "need their users"} to reconnect`;

/**
 * Changes of state that apps and operators are told of; one per change, not one per attempt. All that there is to say of an event stands in its
 * entry: who hears of it, what the API takes for its name, and its words follow from here.
 */
export const events = {
  "connection.created": { tells: ["apps"] },
  "connection.reconnected": { tells: ["apps"] },
  "connection.disconnected": { tells: ["apps"] },
  /** For who names it alone: of a million tokens it comes three hundred times a second. */
  "token.refreshed": { tells: [] },
  "token.refresh_failed": {
    tells: ["apps", "operators"],
    words: ({ provider, count, code }) => ({
      title: `${provider}: ${who(count)} cannot be refreshed`,
      before: [failureAdvice(code) ?? "We keep trying."],
    }),
  },
  "connection.needs_reauth": {
    tells: ["apps", "operators", "user"],
    words: ({ provider, count }) => ({ title: `${provider}: ${need(count)}` }),
  },
  "connection.reauth_due": {
    tells: ["apps", "operators", "user"],
    words: ({ provider, count }) => ({
      title: `${provider}: ${need(count)} soon`,
      before: ["The consent ends, and no refresh can move that."],
    }),
  },
  "connection.recovered": { tells: ["apps"] },
  "provider.circuit_opened": {
    tells: ["apps", "operators"],
    words: ({ provider, code }) => {
      const { title, todo } = circuitAdvice(code === "unknown_answer" || code === "mass_denial" ? code : null);
      const before = ["Its refreshes are paused; no connection is lost."];
      return { title: `${provider} ${title}`, before, after: [todo] };
    },
  },
  "provider.circuit_closed": {
    tells: ["apps", "operators"],
    words: ({ provider }) => ({ title: `${provider} works again`, before: ["Its refreshes go on."] }),
  },
  "installation.held": {
    tells: ["apps", "operators"],
    words: () => ({
      title: "Evertoken is held: nothing is refreshed",
      after: ["Run `evertoken adopt`: it shows what to decide."],
    }),
  },
  "installation.released": {
    tells: ["apps", "operators"],
    words: () => ({ title: "Evertoken goes on", before: ["An operator has said which database is true."] }),
  },
} as const satisfies Readonly<Record<string, EventDefinition>>;

export type EventName = keyof typeof events;

export const eventNames = Object.keys(events) as readonly EventName[];

/** Those that these hear of without naming them. */
export function eventsFor(audience: EventDefinition["tells"][number]): EventName[] {
  return eventNames.filter((name) => (events[name] as EventDefinition).tells.includes(audience));
}

/** @returns null: nobody has words for it */
export function eventWords(name: EventName, facts: EventFacts): EventWords | null {
  return (events[name] as EventDefinition).words?.(facts) ?? null;
}
