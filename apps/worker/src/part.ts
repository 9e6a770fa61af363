/** One of the processes that share a worker's work. */
export interface Part {
  /** From 0. */
  readonly index: number;
  readonly of: number;
}

export const whole: Part = { index: 0, of: 1 };

/** How many of a worker's places a part has: all parts together have exactly `total`, some may have none. */
export const shareOf = (total: number, { index, of }: Part): number =>
  Math.floor(total / of) + (index < total % of ? 1 : 0);

const name = "--part=";

export const toArgument = ({ index, of }: Part): string => `${name}${index}/${of}`;

/** @returns null when this process is none's part */
export function partOf(args: readonly string[]): Part | null {
  const [index, of] = (args.find((arg) => arg.startsWith(name)) ?? "").slice(name.length).split("/").map(Number);
  return of === undefined ? null : { index: index as number, of };
}
