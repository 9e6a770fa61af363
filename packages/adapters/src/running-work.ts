import { setTimeout as sleep } from "node:timers/promises";
import type { Worker } from "bullmq";

/** Work that must come to its end before a process may. */
export class RunningWork {
  readonly #running = new Set<Promise<unknown>>();

  /** The function, watched. */
  watch<A extends unknown[], R>(work: (...args: A) => Promise<R>): (...args: A) => Promise<R> {
    return (...args) => {
      const run = work(...args);
      this.#running.add(run);
      const forget = () => this.#running.delete(run);
      run.then(forget, forget);
      return run;
    };
  }

  async ended(): Promise<void> {
    while (this.#running.size > 0) await Promise.allSettled(this.#running);
  }
}

/**
 * Takes no new jobs; waits for `work`, and then as long as `graceMs` for BullMQ, whose own `close()` waits for ever for a Redis that is
 * away. A job whose result Redis did not hear runs again, and finds its work done.
 */
export async function closeWorkers(workers: readonly Worker[], work: RunningWork, graceMs: number): Promise<void> {
  const closed = Promise.allSettled(workers.map((worker) => worker.close()));
  await work.ended();
  await within(graceMs, closed);
}

/** Waits for a task, but no longer than this; what becomes of it afterwards is nobody's concern. */
export async function within(ms: number, task: Promise<unknown>): Promise<void> {
  const giveUp = new AbortController();
  const timer = sleep(ms, undefined, { signal: giveUp.signal }).catch(() => {});
  await Promise.race([task.catch(() => {}), timer]);
  giveUp.abort();
}
