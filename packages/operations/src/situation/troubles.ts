import { formatDuration, mostHeldUp, type ProviderStateRow } from "@evertoken/adapters";
import { circuitAdvice } from "@evertoken/core";
import type { LateRefreshes } from "../maintenance/late-refreshes.ts";
import type { FailingEndpoint } from "../notify/failing-endpoints.ts";

/** Something that somebody should look at. Nothing in it is secret. */
export interface Trouble {
  readonly kind: "held" | "redis" | "circuit" | "late" | "paused" | "receiver" | "limit";
  readonly severity: "bad" | "warn";
  /** What happened to whom, with the number affected. */
  readonly title: string;
  /** What is known beside that. */
  readonly detail: string;
  /** What to do; null: nothing, it ends by itself. */
  readonly todo: string | null;
  readonly provider: string | null;
  readonly registration: string | null;
  readonly queue: string | null;
  /** Id of the webhook endpoint. */
  readonly endpoint: string | null;
  /** An example. */
  readonly connectionId: string | null;
  /** Connections that it holds up, whether or not their token still lives; of a receiver the events that wait for it. */
  readonly affected: number;
  readonly since: Date | null;
  /** When it is looked at again by itself. */
  readonly until: Date | null;
}

export interface TroubleFacts {
  readonly at: Date;
  readonly held: string | null;
  readonly redisAway: boolean;
  readonly circuits: readonly (ProviderStateRow & { readonly connections: number })[];
  readonly paused: readonly {
    readonly queue: string;
    readonly provider: string | null;
    readonly connections: number;
  }[];
  readonly late: readonly LateRefreshes[];
  readonly receivers: readonly FailingEndpoint[];
  readonly states: readonly ProviderStateRow[];
  readonly hasWorker: boolean;
  readonly nameOf: (provider: string) => string;
}

/** In the order in which they want to be mended. A queue that is paused explains what is late in it. */
export function troublesOf(facts: TroubleFacts): Trouble[] {
  const { held, redisAway, circuits, paused, late, receivers } = facts;
  const limited = facts.states.filter(({ throttled_until: until }) => until !== null && until > facts.at);
  return [
    ...(held === null ? [] : [heldTrouble(held)]),
    ...(redisAway ? [redisTrouble] : []),
    ...circuits.map((each) => circuitTrouble(each, facts)),
    ...paused.map((each) => pausedTrouble(each, facts)),
    ...late.filter((each) => !each.paused).map((each) => lateTrouble(each, facts)),
    ...receivers.map(receiverTrouble),
    ...limited.map((each) => limitTrouble(each, facts)),
  ];
}

const none = {
  provider: null,
  registration: null,
  queue: null,
  endpoint: null,
  connectionId: null,
  since: null,
  until: null,
};

const heldTrouble = (reason: string): Trouble => ({
  ...{ ...none, kind: "held", severity: "bad", affected: 0 },
  title: "Held: nothing is refreshed",
  detail: `${reason}. Living tokens are served.`,
  todo: "Run `evertoken adopt`: it shows what was found and what can be done.",
});

const redisTrouble: Trouble = {
  ...{ ...none, kind: "redis", severity: "warn", affected: 0 },
  title: "Redis does not answer",
  detail: "Queues and jobs are not known. Scheduled refreshes wait for it; apps read and refresh tokens without it.",
  todo: "See that Redis runs and can be reached. Jobs come back by themselves.",
};

const many = (count: number, one: string, more: string) =>
  `${count.toLocaleString("en-US")}${count === mostHeldUp ? "+" : ""} ${count === 1 ? one : more}`;

function circuitTrouble(
  { provider, registration, connections, ...state }: TroubleFacts["circuits"][number],
  { nameOf }: TroubleFacts,
): Trouble {
  const { title, todo } = circuitAdvice(state.code);
  return {
    ...{ ...none, kind: "circuit", severity: "bad", affected: connections, provider, registration, todo },
    title: `${nameOf(provider)} ${title}: ${many(connections, "connection is", "connections are")} not refreshed`,
    detail: `Circuit open for ${provider}/${registration}. ${state.code ?? "invalid_client"}: ${state.reason ?? "no reason given"}`,
    ...{ since: state.opened_at, until: state.next_probe_at },
  };
}

function pausedTrouble(
  { queue, provider, connections }: TroubleFacts["paused"][number],
  { nameOf, late }: TroubleFacts,
): Trouble {
  const own = late.find((each) => each.provider === provider);
  const title =
    provider === null
      ? `The queue ${queue} is paused: nothing of it runs`
      : `${nameOf(provider)} is paused: ${many(connections, "connection is", "connections are")} not refreshed`;
  return {
    ...{ ...none, kind: "paused", severity: "bad", affected: connections, provider, queue, title },
    detail: own === undefined ? "None of its refreshes is late yet." : lateWords(own),
    todo: "Resume its queue when it may go on.",
    connectionId: own?.connectionId ?? null,
    since: own?.dueAt ?? null,
  };
}

const lateWords = ({ count, overdueSeconds }: LateRefreshes) =>
  `${many(count, "refresh is", "refreshes are")} late, the oldest by ${formatDuration(overdueSeconds * 1000)}.`;

function lateTrouble(late: LateRefreshes, { nameOf, hasWorker }: TroubleFacts): Trouble {
  const { provider, count, connectionId, dueAt, overdueSeconds } = late;
  return {
    ...{ ...none, kind: "late", severity: "bad", affected: count, provider, connectionId, since: dueAt },
    title: `${nameOf(provider)}: ${many(count, "refresh is", "refreshes are")} late`,
    detail: `The oldest by ${formatDuration(overdueSeconds * 1000)}, and nothing told them to wait.`,
    todo: hasWorker
      ? "A worker runs: see what it logs, then run `evertoken reconcile`."
      : "No worker has been heard of for a minute and a half: start one (`evertoken worker`).",
  };
}

function receiverTrouble({ id, kind, failingSince, waiting, error, enabled }: FailingEndpoint): Trouble {
  return {
    ...{ ...none, kind: "receiver", severity: "bad", affected: waiting, endpoint: id, since: failingSince },
    title: `A receiver of events does not take them: ${many(waiting, "waits", "wait")}`,
    detail: `The ${kind} endpoint ${id}${error === null ? "" : `: ${error}`}`,
    todo: enabled
      ? "Mend the receiver: what waits is sent as soon as it takes it."
      : "Nothing is sent to it any more: switch it on again when it is mended.",
  };
}

function limitTrouble(
  { provider, registration, throttled_until: until }: ProviderStateRow,
  { nameOf }: TroubleFacts,
): Trouble {
  return {
    ...{ ...none, kind: "limit", severity: "warn", affected: 0, provider, registration, until },
    title: `${nameOf(provider)} asked us to wait`,
    detail: `All refreshes of ${provider}/${registration} wait. Nothing is lost.`,
    todo: null,
  };
}
