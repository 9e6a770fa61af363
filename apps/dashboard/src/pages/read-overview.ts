import { withStore } from "@evertoken/engine/internal";
import type { Situation } from "@evertoken/operations";
import type { PageContext, RefreshesInRange } from "./context.ts";
import { type QueueStanding, queueStandings } from "./queue-standings.ts";
import type { Range } from "./range.ts";

export interface Overview {
  readonly now: Date;
  readonly counts: Awaited<ReturnType<PageContext["counts"]>>;
  readonly situation: Situation;
  readonly stats: RefreshesInRange;
  readonly statsAt: Date;
  /** null: Redis does not answer. */
  readonly queues: readonly QueueStanding[] | null;
  readonly nameOf: (provider: string) => string;
}

/** @throws {EvertokenError} `store_unavailable` */
export async function readOverview({ engine, counts, situation, stats }: PageContext, range: Range): Promise<Overview> {
  const now = new Date();
  const [counted, judged, day, queues] = await Promise.all([
    withStore(counts),
    situation(),
    withStore(() => stats(range)),
    queueStandings(engine),
  ]);
  const nameOf = (provider: string) => engine.providers.get(provider)?.provider.name ?? provider;
  return { now, counts: counted, situation: judged.value, stats: day.value, statsAt: day.at, queues, nameOf };
}
