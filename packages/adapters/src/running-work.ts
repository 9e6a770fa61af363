import { setTimeout as sleep } from "node:timers/promises";
import type { Worker } from "bullmq";

/**
 * Work that must come to its end before a process may: from the claim to the commit, from the code to the stored connection. It is
 * counted here, in one place, so that stopping is always the same: refuse the new, wait for what runs, then close what it needs.
 */
export class RunningWork {
  readonly #running = new Set<Promise<unknown>>();
  readonly #refusing = new AbortController();
  readonly #refusal: () => Error;

  /** @param refusal what whoever comes too late is told */
  constructor(refusal: () => Error) {
    this.#refusal = refusal;
  }

  /** Runs it, counted to its end. @throws the refusal once new work is refused */
  async run<R>(work: () => Promise<R>): Promise<R> {
    if (this.#refusing.signal.aborted) throw this.#refusal();
    const run = work();
    this.#running.add(run);
    const forget = () => this.#running.delete(run);
    run.then(forget, forget);
    return run;
  }

  /** The function, each run of it counted, and none begun once new work is refused. */
  watch<A extends unknown[], R>(work: (...args: A) => Promise<R>): (...args: A) => Promise<R> {
    return (...args) => this.run(() => work(...args));
  }

  /** Waits, for who has nothing in its hands: it need not be waited for. @throws the refusal as soon as new work is refused */
  async pause(ms: number): Promise<void> {
    await sleep(ms, undefined, { signal: this.#refusing.signal }).catch(() => {
      throw this.#refusal();
    });
  }

  refuseNew(): void {
    this.#refusing.abort();
  }

  async ended(): Promise<void> {
    while (this.#running.size > 0) await Promise.allSettled(this.#running);
  }
}

/**
 * Takes no new jobs; waits for `work`, and then as long as `graceMs` for BullMQ, whose own `close()` waits for ever for a Redis that is
 * away. A job whose result Redis did not hear runs again, and finds its work done.
 */
export async function closeWorkers(
  workers: readonly Pick<Worker, "close">[],
  work: RunningWork,
  graceMs: number,
): Promise<void> {
  const closed = Promise.allSettled(workers.map((worker) => worker.close()));
  await work.ended();
  await within(graceMs, closed);
}

/** Waits for a task, but no longer than this; what becomes of it afterwards is nobody's concern. @returns whether it ended in time */
export async function within(ms: number, task: Promise<unknown>): Promise<boolean> {
  const ended = () => true;
  return (await answerWithin(ms, task.then(ended, ended))) ?? false;
}

/** What a task says, for who can do without. @returns null: nothing in this time, or it failed */
export function answerWithin<T>(ms: number, task: Promise<T>): Promise<T | null> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms, null);
    const end = (answer: T | null) => {
      clearTimeout(timer);
      resolve(answer);
    };
    task.then(end, () => end(null));
  });
}
