import type { Connection, ConnectionStatus } from "./connection.ts";
import {
  at,
  connection,
  context,
  day,
  type Given,
  granted,
  hour,
  minute,
  now,
  policy,
  setbacks,
  surroundings,
} from "./decide.fixtures.ts";
import { decide } from "./decide.ts";
import type { Outcome } from "./outcome.ts";
import type { Transition } from "./transition.ts";

interface Case {
  readonly name: string;
  readonly outcome: Outcome;
  readonly of?: Partial<Connection>;
  readonly given?: Given;
}

/** A connection that is `disconnected` is never claimed, and one that needs its user only by its own late check, or when it is forced. */
const claimable = ["connected", "token_expired", "error", "needs_reauth"] as const satisfies ConnectionStatus[];

const failing = (forMs: number, failures: number) => ({ failingSince: at(-forMs), consecutiveFailures: failures });
const { denied, misconfigured, throttled, transient, uncertain, unknown, unsent, unreadable, unaddressable } = setbacks;

const cases: readonly Case[] = [
  { name: "granted", outcome: granted() },
  { name: "granted, as the probe of an open circuit", outcome: granted(), given: { blame: { probing: true } } },
  { name: "denied", outcome: denied },
  { name: "denied, as the probe of an open circuit", outcome: denied, given: { blame: { probing: true } } },
  { name: "denied, as two others a moment ago", outcome: denied, given: { around: surroundings({ others: 2 }) } },
  {
    name: "denied for the 2nd time, 10 minutes after many were",
    outcome: denied,
    given: { around: surroundings({ times: 2, firstAt: at(-10 * minute) }) },
  },
  {
    name: "denied for the 3rd time, others granted in between",
    outcome: denied,
    given: { around: surroundings({ times: 3, firstAt: at(-20 * minute) }) },
  },
  {
    name: "denied, nothing granted since our secret changed",
    outcome: denied,
    given: { blame: { secret: "changed" } },
  },
  { name: "nothing to spend", outcome: setbacks.nothing_to_spend },
  { name: "unsent", outcome: unsent },
  { name: "transient, 1st in a row", outcome: transient },
  { name: "transient, 2nd", outcome: transient, of: failing(1000, 1) },
  { name: "transient, 3rd", outcome: transient, of: failing(3000, 2) },
  { name: "transient, 4th", outcome: transient, of: failing(7000, 3) },
  { name: "transient, for a day", outcome: transient, of: failing(day, 290) },
  { name: "transient, for 30 days", outcome: transient, of: failing(30 * day, 990) },
  { name: "uncertain", outcome: uncertain, given: { policy: { ...policy, rotation: { kind: "none" } } } },
  { name: "uncertain, single-use refresh token", outcome: uncertain },
  {
    name: "uncertain again, single-use refresh token",
    outcome: uncertain,
    of: { lostAnswers: 1, ...failing(1000, 1) },
  },
  { name: "throttled, this account, for 7 s", outcome: throttled },
  { name: "throttled, the whole app, for 7 s", outcome: { ...throttled, scope: "provider" } },
  { name: "misconfigured", outcome: misconfigured },
  { name: "misconfigured, its own fault", outcome: misconfigured, given: { blame: { own: true } } },
  { name: "unknown", outcome: unknown },
  { name: "unknown, as from three others lately", outcome: unknown, given: { around: surroundings({ others: 3 }) } },
  { name: "unreadable", outcome: unreadable },
  { name: "unaddressable", outcome: unaddressable },
];

/** `docs/state-machine.md`, made by asking `decide` itself. */
export function stateMachinePage(): string {
  return `${[head, diagram(), table(), foot].join("\n\n")}\n`;
}

function decided({ outcome, of, given }: Case, status: ConnectionStatus, lives: boolean): Transition {
  const expiresAt = lives ? at(5 * minute) : at(-minute);
  return decide(connection({ status, expiresAt, ...of }), outcome, context(given));
}

const statusAfter = (transition: Transition) => (transition.kind === "store" ? "connected" : transition.status);

function diagram(): string {
  const edges = new Map<string, Set<string>>();
  for (const one of cases) {
    for (const from of claimable) {
      for (const lives of [true, false]) {
        const to = statusAfter(decided(one, from, lives));
        if (to === from) continue;
        const edge = `${from} --> ${to}`;
        edges.set(edge, (edges.get(edge) ?? new Set()).add(one.outcome.kind));
      }
    }
  }
  const drawn = [...edges].map(([edge, kinds]) => `  ${edge}: ${[...kinds].join(", ")}`);
  return ["```mermaid", "stateDiagram-v2", ...byHand, ...drawn, "```"].join("\n");
}

/** What other hands than a refresh do. */
const byHand = [
  "  [*] --> connected: import",
  "  connected --> token_expired: sweep sees the access token's end",
  "  needs_reauth --> connected: reconnect",
  "  disconnected --> connected: reconnect",
  "  connected --> disconnected: disconnect (from every status)",
];

function table(): string {
  const columns = ["outcome", ...claimable.map((status) => `on \`${status}\``), "its job", "comes back", "besides"];
  return [row(columns), row(columns.map(() => "---")), ...cases.map((one) => row(cells(one)))].join("\n");
}

const row = (texts: readonly string[]) => `| ${texts.join(" | ")} |`;

function cells(one: Case): string[] {
  const statuses = claimable.map((status) => {
    const [lives, ended] = [true, false].map((each) => statusAfter(decided(one, status, each)));
    return lives === ended ? `${lives}` : `${lives} / ${ended}`;
  });
  const transition = decided(one, "connected", true);
  return [one.name, ...statuses, jobAfter(transition), comesBack(transition), besides(transition)];
}

function comesBack(transition: Transition): string {
  const when = transition.kind === "store" ? transition.nextRefreshAt : transition.resumeAt;
  return when === null ? "never" : duration(when.getTime() - now.getTime());
}

function jobAfter(transition: Transition): string {
  return transition.kind === "store" ? "done, the next one added" : transition.job;
}

function besides({ provider, events }: Transition): string {
  const change = provider === null ? [] : [provider.kind.replaceAll("_", " ")];
  return [...change, ...events.map((event) => `\`${event}\``)].join(", ");
}

function duration(ms: number): string {
  if (ms < minute) return `${Math.round(ms / 1000)} s`;
  return ms < hour ? `${Math.round(ms / minute)} min` : `${Math.round(ms / hour)} h`;
}

const head = `# The state machine of a connection

This page is made by asking the code (\`packages/core/src/state-machine-page.ts\` runs \`decide\`), and a test fails when it is stale:
\`npx vitest run --project unit packages/core/src/state-machine-page.test.ts -u\` writes it anew.

The status is stored and shown to users. What an access token is worth at this moment (\`valid\`, \`expiring_soon\`, \`expired\`,
\`no_expiry_set\`) is computed from its expiry and never stored.`;

const foot = `How to read the table: the provider's tokens live 30 minutes, its refresh tokens are single-use, times are the default settings
without jitter and spread. "a / b": a while the access token lives, b after its end. The last three columns show a \`connected\`
connection five minutes before its access token's end. A \`disconnected\` connection is never asked for, and one that is
\`needs_reauth\` only when an operator forces it, or by its own job when it may be alive after all. A job that is to
\`retry\` counts the attempt, and counted attempts lead from quick retries to slow ones and in the end to giving up; one that is to
\`postpone\` comes back uncounted; \`stop\` waits for the user.`;
