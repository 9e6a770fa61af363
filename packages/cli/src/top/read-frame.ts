import {
  type CountedConnections,
  countConnections,
  liveProcesses,
  type ProviderStateRow,
  providerStates,
  type RefreshCount,
  refreshStats,
} from "@evertoken/adapters";
import { type Engine, withStore } from "@evertoken/engine/internal";
import { type LateRefreshes, lateRefreshes, pausedQueues } from "@evertoken/operations";

/** How one provider does. Refreshes are those of this hour and the one before. */
export interface ProviderLine {
  readonly provider: string;
  readonly connected: number;
  readonly tokenExpired: number;
  readonly needsReauth: number;
  readonly error: number;
  readonly refreshed: number;
  readonly failed: number;
  readonly late: number;
  readonly state: string;
}

export interface Frame {
  readonly at: Date;
  readonly held: string | null;
  readonly connections: number;
  readonly processes: readonly { readonly name: string; readonly id: string }[];
  /** null: Redis does not answer. */
  readonly paused: readonly string[] | null;
  readonly providers: readonly ProviderLine[];
}

const hourMs = 3_600_000;

/** One look at Postgres, and at Redis for what is paused. @throws {EvertokenError} `store_unavailable` */
export async function readFrame(engine: Engine, now: Date): Promise<Frame> {
  const since = new Date(Math.floor(now.getTime() / hourMs) * hourMs - hourMs);
  return withStore(async () => {
    const [standing, counted, states, stats, late, paused, processes] = await Promise.all([
      engine.installation.standing(),
      countConnections(engine.pool, now),
      providerStates(engine.pool),
      refreshStats(engine.pool, since),
      lateRefreshes(engine, now),
      pausedQueues(engine),
      liveProcesses(engine.pool),
    ]);
    const providers = [...new Set([...counted, ...late].map(({ provider }) => provider))].sort();
    return {
      at: now,
      held: standing?.reason ?? null,
      connections: sum(counted, ({ connections }) => connections),
      processes: processes.map(({ name, id }) => ({ name, id })),
      paused,
      providers: providers.map((provider) => toLine(provider, { now, counted, counts: stats.counts, late, states })),
    };
  });
}

interface Seen {
  readonly now: Date;
  readonly counted: readonly CountedConnections[];
  readonly counts: readonly RefreshCount[];
  readonly late: readonly LateRefreshes[];
  readonly states: readonly ProviderStateRow[];
}

function toLine(provider: string, { now, counted, counts, late, states }: Seen): ProviderLine {
  const own = counted.filter((row) => row.provider === provider);
  const attempts = counts.filter((row) => row.provider === provider);
  const having = (status: string) =>
    sum(
      own.filter((row) => row.status === status),
      ({ connections }) => connections,
    );
  const granted = sum(
    attempts.filter(({ outcome }) => outcome === "granted"),
    (row) => row.attempts,
  );
  return {
    provider,
    ...{ connected: having("connected"), tokenExpired: having("token_expired") },
    ...{ needsReauth: having("needs_reauth"), error: having("error") },
    ...{ refreshed: granted, failed: sum(attempts, (row) => row.attempts) - granted },
    late: late.find((row) => row.provider === provider)?.count ?? 0,
    state: states.flatMap((row) => (row.provider === provider ? told(row, now) : [])).join(", "),
  };
}

function told(row: ProviderStateRow, now: Date): string[] {
  if (row.circuit_open) return [`stopped: ${row.code}`];
  if (row.throttled_until === null || row.throttled_until <= now) return [];
  return [`told to wait until ${row.throttled_until.toISOString().slice(11, 16)}Z`];
}

const sum = <T>(rows: readonly T[], of: (row: T) => number) => rows.reduce((total, row) => total + of(row), 0);
