import { type CommitRecord, type GrantRecord, isGrant } from "./commit-record.ts";
import type { GrantedTokens } from "./outcome.ts";
import type { Committed, RefreshDeps } from "./ports.ts";

/** An attempt that came to its end. */
export interface Settled {
  readonly kind: "settled";
  readonly committed: Committed;
  readonly record: CommitRecord;
  /** With `deferred`: why the store did not take it. */
  readonly error: unknown;
  /** The new tokens in plain, for a caller that waits for them; null after a setback. */
  readonly granted: GrantedTokens | null;
}

/** Commits or keeps, then lets the world know. A token set is never dropped because the store is away. */
export async function settle(record: CommitRecord, granted: GrantedTokens | null, deps: RefreshDeps): Promise<Settled> {
  const { committed, error } = await commit(record, deps);
  deps.observe({ kind: "settled", record, committed });
  if (committed === "committed") await deps.announce(record);
  return { kind: "settled", committed, record, error, granted };
}

interface Ending {
  readonly committed: Committed;
  readonly error: unknown;
}

async function commit(record: CommitRecord, deps: RefreshDeps): Promise<Ending> {
  // A setback may be forgotten: its lease runs out and the attempt is repeated. A token set may not.
  if (!isGrant(record)) return { committed: await deps.store.commit(record), error: null };
  deps.spool.note(record);
  const ending = await store(record, deps);
  // A commit is struck by who announces it, once it is copied: the database may fail over to one that lacks it.
  if (ending.committed !== "committed") deps.spool.strike(record);
  return ending;
}

async function store(record: GrantRecord, deps: RefreshDeps): Promise<Ending> {
  for (;;) {
    try {
      return { committed: await storeSoon(record, deps), error: null };
    } catch (error) {
      const kept = await keep(record, deps);
      deps.observe({ kind: "commit_deferred", connectionId: record.connectionId, kept, error });
      if (kept) return { committed: "deferred", error };
      await deps.wait(commitAgainMs);
    }
  }
}

/** A commit that takes this long may never come: whoever holds the only copy of a token set writes it down meanwhile. */
const slowCommitMs = 1500;

async function storeSoon(record: GrantRecord, deps: RefreshDeps): Promise<Committed> {
  const done = new AbortController();
  // The reason is for nobody: without one, each refresh would make an exception and its stack.
  const committing = deps.store.commit(record).finally(() => done.abort("committed"));
  const keptMeanwhile = deps
    .wait(slowCommitMs, done.signal)
    .then(() => (done.signal.aborted ? false : keep(record, deps)));
  const committed = await committing;
  if (await keptMeanwhile) await deps.spool.drop(record);
  return committed;
}

/** With store and spool both away, memory is all there is: hold on to it and try again. */
const commitAgainMs = 1000;

async function keep(record: GrantRecord, { spool, observe }: RefreshDeps): Promise<boolean> {
  try {
    await spool.keep(record);
    return true;
  } catch (error) {
    observe({ kind: "keep_failed", connectionId: record.connectionId, error });
    return false;
  }
}

/** Commits what the spool kept, and drops it there only when it is safe in the store. */
export async function settleKept(kept: GrantRecord, deps: RefreshDeps): Promise<Settled> {
  const result = await settle(kept, null, deps);
  if (result.committed !== "deferred") await deps.spool.drop(kept);
  return result;
}
