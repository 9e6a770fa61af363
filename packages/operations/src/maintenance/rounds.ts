import type { Queues } from "@evertoken/adapters";
import { firstId } from "@evertoken/core";

/** How far the walk through all connections has come; the next run goes on there. */
export interface Round {
  readonly after: string;
  /** Rows of this round so far. */
  readonly walked: number;
  /** Rows of the last whole round. */
  readonly total: number;
}

/** A round takes so many runs, or fewer where there are few rows. */
const parts = 10;
const leastPart = 50_000;

export const partOf = ({ total }: Round): number => Math.max(leastPart, Math.ceil(total / parts));

/** Whether one run sees all. */
export const isSmall = (round: Round): boolean => round.after === firstId && round.total < partOf(round);

/** After so many rows of a run, of which `last` was the last one; null: there were no more. */
export function roundAfter(round: Round, walked: number, last: string | null): Round {
  const soFar = round.walked + walked;
  return last === null
    ? { after: firstId, walked: 0, total: soFar }
    : { after: last, walked: soFar, total: Math.max(round.total, soFar) };
}

/**
 * In Redis, beside the jobs: whichever scheduler runs goes on where another one stopped, and when Redis was emptied the place is gone as well,
 * so that all is walked at once.
 */
const keyOf = ({ fixed }: Queues) => fixed("maintenance").toKey("reconciled");

/** null: there is none, and from here on a round is under way that sees all. */
export async function beginRun(queues: Queues): Promise<Round | null> {
  const round = parse(await queues.redis.get(keyOf(queues)));
  if (round === null) await queues.redis.set(keyOf(queues), "whole");
  return round;
}

/** Only if what was there when it began is there still: emptied meanwhile, Redis has to be walked whole. */
export async function endRun(queues: Queues, { after, walked, total }: Round): Promise<void> {
  await queues.redis.set(keyOf(queues), [after, walked, total].join(" "), "XX");
}

const written = /^([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}) (\d{1,15}) (\d{1,15})$/;

/** What is none of ours says nothing. */
function parse(text: string | null): Round | null {
  const [, after, walked, total] = written.exec(text ?? "") ?? [];
  return after === undefined ? null : { after, walked: Number(walked), total: Number(total) };
}
