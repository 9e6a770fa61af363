import { DatabaseError } from "pg";

export interface BatcherOptions {
  /** Most items in one batch. */
  readonly maxSize: number;
  /** Most batches under way at once. */
  readonly maxRunning: number;
}

/** Two under way keep Postgres busy while results are handed out; a hundred rows are where a larger batch gains nothing more. */
export const defaultBatching: BatcherOptions = { maxSize: 100, maxRunning: 2 };

interface Waiting<I, O> {
  readonly item: I;
  readonly resolve: (output: O) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Lets many callers share one statement. While fewer than `maxRunning` batches are under way an item leaves with the next turn of the
 * event loop; otherwise it waits for the next to return, together with all that came meanwhile. So batches grow with the load, and
 * nobody waits for a timer.
 *
 * A batch that the server refuses is repeated one by one: a single bad item fails alone. When the server does not answer in time, all
 * fail at once: waiting for it once more would keep new token sets from the spool while their leases run out.
 *
 * @param run gives the outputs in the order of the items; must be safe to repeat
 */
export function createBatcher<I, O>(
  run: (items: readonly I[]) => Promise<readonly O[]>,
  { maxSize, maxRunning }: BatcherOptions,
): (item: I) => Promise<O> {
  let waiting: Waiting<I, O>[] = [];
  let running = 0;
  let planned = false;

  const plan = () => {
    if (planned || waiting.length === 0 || running >= maxRunning) return;
    planned = true;
    setImmediate(() => {
      planned = false;
      void start();
    });
  };
  const start = async () => {
    const batch = waiting.slice(0, maxSize);
    waiting = waiting.slice(maxSize);
    running++;
    plan();
    await runBatch(batch, run);
    running--;
    plan();
  };
  return (item) =>
    new Promise((resolve, reject) => {
      waiting.push({ item, resolve, reject });
      plan();
    });
}

/** The server gave the statement up by its own clock. */
const outOfTime = "57014";

async function runBatch<I, O>(
  batch: Waiting<I, O>[],
  run: (items: readonly I[]) => Promise<readonly O[]>,
): Promise<void> {
  try {
    const outputs = await run(batch.map(({ item }) => item));
    for (const [index, { resolve }] of batch.entries()) resolve(outputs[index] as O);
  } catch (error) {
    const [only] = batch;
    if (batch.length === 1) only?.reject(error);
    else if (!(error instanceof DatabaseError) || error.code === outOfTime)
      for (const { reject } of batch) reject(error);
    else await Promise.all(batch.map((one) => runBatch([one], run)));
  }
}
