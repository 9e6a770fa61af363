/** `received`: nothing was decided yet. `decided`: the refresh token is spent, the answer not yet written. */
export type GatePoint = "received" | "decided";
export type HoldOptions = { family?: string; at?: GatePoint };

type Hold = { id: string; family: string | undefined; at: GatePoint; waiting: (() => void)[] };
type Waiter = { reached: () => boolean; resolve: () => void };

/** Stops requests at a named point until released, and lets a test wait for a state instead of sleeping. */
export function createGates() {
  const holds = new Map<string, Hold>();
  const waiters = new Set<Waiter>();
  let nextHold = 1;

  function notify(): void {
    for (const waiter of waiters) {
      if (!waiter.reached()) continue;
      waiters.delete(waiter);
      waiter.resolve();
    }
  }

  return {
    notify,

    hold({ family, at = "decided" }: HoldOptions = {}): string {
      const id = `hold-${nextHold++}`;
      holds.set(id, { id, family, at, waiting: [] });
      return id;
    },

    /** Opens one gate, or all of them, for good; answers how many requests went on. */
    release(id?: string): number {
      let released = 0;
      for (const hold of id === undefined ? [...holds.values()] : [holds.get(id)]) {
        if (!hold) continue;
        holds.delete(hold.id);
        released += hold.waiting.length;
        for (const goOn of hold.waiting) goOn();
      }
      return released;
    },

    /** Undefined where no gate is shut, so that the common path does not even wait a microtask. */
    pass(at: GatePoint, family: string | undefined): Promise<void> | undefined {
      for (const hold of holds.values()) {
        if (hold.at !== at || (hold.family !== undefined && hold.family !== family)) continue;
        return new Promise((resolve) => {
          hold.waiting.push(resolve);
          notify();
        });
      }
      return undefined;
    },

    held: (id?: string): number =>
      [...holds.values()].reduce(
        (sum, hold) => sum + (id === undefined || id === hold.id ? hold.waiting.length : 0),
        0,
      ),

    /** Resolves as soon as `reached()` is true after any `notify()`; rejects with what it saw after `timeoutMs`. */
    until(reached: () => boolean, timeoutMs: number, describe: () => string): Promise<void> {
      if (reached()) return Promise.resolve();
      return new Promise((resolve, reject) => {
        const timer = setTimeout(() => {
          waiters.delete(waiter);
          reject(new Error(`waited ${timeoutMs} ms for ${describe()}`));
        }, timeoutMs);
        const waiter: Waiter = {
          reached,
          resolve: () => {
            clearTimeout(timer);
            resolve();
          },
        };
        waiters.add(waiter);
      });
    },
  };
}
