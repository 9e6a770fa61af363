import { setTimeout as sleep } from "node:timers/promises";
import { seededRandom } from "../support/seeded-random.ts";
import type { Faults, Torment } from "./faults/fault.ts";
import { networkFaults } from "./faults/network-faults.ts";
import { postgresFaults } from "./faults/postgres-faults.ts";
import { processFaults } from "./faults/process-faults.ts";
import { providerFaults } from "./faults/provider-faults.ts";
import { redisFaults } from "./faults/redis-faults.ts";

/** Lanes run beside each other, so that faults of different kinds meet; in a lane they come one after the other. */
const lanes: readonly { readonly faults: Faults; readonly restMs: number }[] = [
  { faults: processFaults, restMs: 2500 },
  { faults: { ...postgresFaults, ...redisFaults }, restMs: 4000 },
  { faults: { ...networkFaults, ...providerFaults }, restMs: 3500 },
];

/** What is known to break the promise as long as its mechanism is not built: only where it is asked for by name. */
const pending: readonly string[] = [];

export const faultNames = lanes.flatMap(({ faults }) => Object.keys(faults));

export interface Done {
  /** How often, by kind. */
  readonly counts: Readonly<Record<string, number>>;
  /** A fault that could not be done, or not be undone: what is judged after it may be its fault alone. */
  readonly failed: readonly string[];
}

/** Each kind of a lane comes round, in an order that the seed gives, until it is enough. */
export async function torment(
  torment: Omit<Torment, "random">,
  options: { readonly seed: number; readonly only: readonly string[] },
  enough: () => boolean,
): Promise<Done> {
  const counts: Record<string, number> = {};
  const failed: string[] = [];
  const run = async ({ faults, restMs }: (typeof lanes)[number], place: number) => {
    const random = seededRandom(options.seed + place);
    const names = Object.keys(faults).filter((name) =>
      options.only.length === 0 ? !pending.includes(name) : options.only.includes(name),
    );
    for (let left: string[] = []; names.length > 0 && !enough(); ) {
      if (left.length === 0) left = [...names];
      const [name = ""] = left.splice(Math.floor(random() * left.length), 1);
      const over = torment.ground.chronicle.begin(name);
      await faults[name]?.({ ...torment, random }).catch((error: Error) => failed.push(`${name}: ${error.message}`));
      over();
      counts[name] = (counts[name] ?? 0) + 1;
      for (const until = Date.now() + restMs * (0.5 + random()); Date.now() < until && !enough(); ) await sleep(100);
    }
  };
  await Promise.all(lanes.map(run));
  return { counts, failed };
}
