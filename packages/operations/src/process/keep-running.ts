import { setTimeout as sleep } from "node:timers/promises";

const firstPauseMs = 1000;
const longestPauseMs = 30_000;
/** After a life this long the next death counts as the first. */
const healthyLifeMs = 60_000;

export interface KeepRunning<How> {
  /** Starts it again. @returns how it ended */
  again(): Promise<How>;
  /** Told of each end that was not asked for. @returns false: it is not started again */
  ended(how: How, pauseMs: number): boolean;
  readonly stopped: AbortSignal;
}

/** Starts a child again that ends by itself, after a pause that doubles while it lives shortly. Returns when it is stopped, or given up. */
export async function keepRunning<How>(
  first: Promise<How>,
  { again, ended, stopped }: KeepRunning<How>,
): Promise<void> {
  let pauseMs = firstPauseMs;
  for (let running = first; ; running = again()) {
    const since = Date.now();
    const how = await running;
    if (stopped.aborted) return;
    if (Date.now() - since > healthyLifeMs) pauseMs = firstPauseMs;
    if (!ended(how, pauseMs)) return;
    await sleep(pauseMs, undefined, { signal: stopped }).catch(() => undefined);
    if (stopped.aborted) return;
    pauseMs = Math.min(pauseMs * 2, longestPauseMs);
  }
}
