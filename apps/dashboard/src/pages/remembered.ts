import { setTimeout as sleep } from "node:timers/promises";

export interface Remembered<T> {
  readonly value: T;
  /** When its making began. */
  readonly at: Date;
}

/** Nobody waits longer than this for something newer than what is there. */
const patienceMs = 100;
/** Of all time, this part at most goes into making it. */
const share = 1 / 20;

/**
 * Keeps what is dear to make, for as long as it is dear: what took a second is made anew after 20 at the earliest, what took a
 * millisecond nearly each time. While a new one is made, readers get the last one; whoever comes first waits.
 */
export function remembered<T>(make: () => Promise<T>): () => Promise<Remembered<T>> {
  let last: Remembered<T> | null = null;
  let dueAt = 0;
  let running: Promise<Remembered<T>> | null = null;

  const renew = async (): Promise<Remembered<T>> => {
    const started = performance.now();
    const at = new Date();
    last = { value: await make(), at };
    dueAt = performance.now() + (performance.now() - started) / share;
    return last;
  };

  return async () => {
    if (last !== null && performance.now() < dueAt) return last;
    running ??= renew().finally(() => {
      running = null;
    });
    const known = last;
    if (known === null) return running;
    return Promise.race([running, sleep(patienceMs, known, { ref: false })]);
  };
}
