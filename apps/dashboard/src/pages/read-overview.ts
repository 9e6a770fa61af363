import { type ProviderStateRow, providerStates } from "@evertoken/adapters";
import { withStore } from "@evertoken/engine/internal";
import { type FailingEndpoint, failingEndpoints, type LateRefreshes } from "@evertoken/operations";
import type { DayOfRefreshes, PageContext } from "./context.ts";
import { type QueueStanding, queueStandings } from "./queue-standings.ts";

export interface Overview {
  readonly now: Date;
  readonly counts: Awaited<ReturnType<PageContext["counts"]>>;
  readonly states: readonly ProviderStateRow[];
  /** Why nothing is spent; null: all is well. */
  readonly held: string | null;
  /** Of each provider, the longest late first. */
  readonly late: readonly LateRefreshes[];
  readonly failing: readonly FailingEndpoint[];
  readonly stats: DayOfRefreshes;
  readonly statsAt: Date;
  /** null: Redis does not answer. */
  readonly queues: readonly QueueStanding[] | null;
  readonly nameOf: (provider: string) => string;
}

/** @throws {EvertokenError} `store_unavailable` */
export async function readOverview({ engine, counts, late, stats }: PageContext): Promise<Overview> {
  const now = new Date();
  const [counted, states, overdue, failing, day, queues, held] = await Promise.all([
    withStore(counts),
    withStore(() => providerStates(engine.pool)),
    withStore(late),
    withStore(() => failingEndpoints(engine.pool)),
    withStore(stats),
    queueStandings(engine),
    withStore(() => engine.installation.standing()),
  ]);
  const nameOf = (provider: string) => engine.providers.get(provider)?.provider.name ?? provider;
  return {
    now,
    counts: counted,
    states,
    late: overdue.value,
    failing,
    held: held?.reason ?? null,
    stats: day.value,
    statsAt: day.at,
    queues,
    nameOf,
  };
}
