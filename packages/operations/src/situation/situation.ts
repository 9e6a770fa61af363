import {
  countHeldUp,
  type LiveProcess,
  liveProcesses,
  type ProviderStateRow,
  providerStates,
} from "@evertoken/adapters";
import { refreshQueueName } from "@evertoken/core";
import { type Engine, providersAtWork, withStore } from "@evertoken/engine/internal";
import { lateRefreshes, pausedQueues } from "../maintenance/late-refreshes.ts";
import { failingEndpoints } from "../notify/failing-endpoints.ts";
import { type Outages, readOutages } from "./outages.ts";
import { type Trouble, troublesOf } from "./troubles.ts";

/** Who cannot work now, whose it is to mend, and what to do: the one answer that dashboard, command and API give. */
export interface Situation {
  readonly at: Date;
  readonly outages: Outages;
  /** The worst first. */
  readonly troubles: readonly Trouble[];
  readonly states: readonly ProviderStateRow[];
  readonly processes: readonly LiveProcess[];
}

/**
 * @param tag outages are counted of connections that have it; null: of all. Troubles are everybody's
 * @throws {EvertokenError} `store_unavailable`
 */
export function readSituation(engine: Engine, tag: string | null = null): Promise<Situation> {
  return withStore(async () => {
    const at = new Date();
    const { pool, installation } = engine;
    const [providers, states, held, paused, late, receivers, processes] = await Promise.all([
      providersAtWork(engine),
      providerStates(pool),
      installation.standing(),
      pausedQueues(engine),
      lateRefreshes(engine, at),
      failingEndpoints(pool),
      liveProcesses(pool),
    ]);
    const around = { held: held !== null, states, paused: paused ?? [] };
    const outages = await readOutages(pool, [...providers], around, at, tag);
    const nameOf = (id: string) => engine.providers.get(id)?.provider.name ?? id;
    const open = states.filter(({ circuit_open }) => circuit_open);
    const pausedProviders = [...providers].filter((id) => around.paused.includes(refreshQueueName(id)));
    const heldUp = await countHeldUp(pool, [
      ...open.map(({ provider, registration }) => ({ provider, registration })),
      ...pausedProviders.map((provider) => ({ provider, registration: null })),
    ]);
    const troubles = troublesOf({
      ...{ at, outages, held: held?.reason ?? null, redisAway: paused === null, late, receivers, states, nameOf },
      circuits: open.map((state, index) => ({ ...state, connections: heldUp[index] ?? 0 })),
      paused: around.paused.map((queue) => {
        const provider = pausedProviders.find((id) => refreshQueueName(id) === queue) ?? null;
        const index = provider === null ? -1 : open.length + pausedProviders.indexOf(provider);
        return { queue, provider, connections: heldUp[index] ?? 0 };
      }),
      hasWorker: processes.some(({ name }) => name === "worker"),
    });
    return { at, outages, troubles, states, processes };
  });
}
