import { parseArgs } from "node:util";

export interface TortureOptions {
  /** So many granted refreshes end the run. */
  readonly refreshes: number;
  /** How long that is meant to take: tokens live as long as makes it so. */
  readonly minutes: number;
  readonly connections: number;
  /** How long an access token lives. */
  readonly lifeSeconds: number;
  readonly seed: number;
  /** Only these kinds of faults; empty: all. */
  readonly only: readonly string[];
}

export const usage = `npm run torture -- [--refreshes 100000] [--minutes 15] [--connections 3500] [--seed N] [--faults killWorker,freezeWorker]`;

/** @throws {Error} that says what is wrong */
export function readOptions(args: readonly string[]): TortureOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      refreshes: { type: "string", default: "100000" },
      minutes: { type: "string", default: "15" },
      connections: { type: "string", default: "" },
      seed: { type: "string", default: String(process.hrtime.bigint() % 1_000_000_000n) },
      faults: { type: "string", default: "" },
    },
  });
  const refreshes = positive("refreshes", values.refreshes);
  const minutes = positive("minutes", values.minutes);
  const connections =
    values.connections === "" ? enough(refreshes, minutes) : positive("connections", values.connections);
  return {
    ...{ refreshes, minutes, connections, seed: positive("seed", values.seed) },
    // Each is due at half its life.
    lifeSeconds: Math.max(10, Math.round(((minutes * 60 * connections) / refreshes) * 2)),
    only: values.faults.split(",").filter((name) => name !== ""),
  };
}

/** A connection is refreshed twice a minute at the most; a quarter more, since faults cost time. */
const enough = (refreshes: number, minutes: number) => Math.ceil((refreshes / minutes / 2) * 1.25);

function positive(name: string, text: string): number {
  const value = Number(text);
  if (Number.isFinite(value) && value > 0) return value;
  throw new Error(`--${name} needs a number above 0, not "${text}"`);
}
