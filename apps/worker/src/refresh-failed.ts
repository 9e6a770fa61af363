/** A refresh that is tried again by BullMQ's backoff, after the time that the decision said. Its message is sanitized. */
export class RefreshFailed extends Error {
  readonly delayMs: number;
  constructor(message: string, delayMs: number) {
    super(message);
    this.name = "RefreshFailed";
    this.delayMs = delayMs;
  }
}

const firstMs = 1000;
const longestMs = 30_000;

/**
 * BullMQ's custom backoff. A decided failure brings its own delay; trouble of ours (Postgres away) is retried soon, up to every 30 s.
 * It cannot throw: a strategy that does strands its job in `active`.
 */
export function backoff(attemptsMade: number, _type: string | undefined, error: Error | undefined): number {
  if (error instanceof RefreshFailed) return Math.max(0, error.delayMs);
  return Math.min(firstMs * 2 ** Math.min(Math.max(attemptsMade - 1, 0), 10), longestMs);
}
