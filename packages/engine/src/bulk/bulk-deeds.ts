import { type BulkItem, changeTags, refreshedSince } from "@evertoken/adapters";
import { disconnectAndRevoke } from "../connect/disconnect-and-revoke.ts";
import { tooManyTags } from "../connect/update-connection.ts";
import type { Engine } from "../engine.ts";
import { concernsAll, EvertokenError, withStore } from "../evertoken-error.ts";
import { scheduleNow } from "../refresh/schedule.ts";
import { refreshFates } from "./refresh-fates.ts";

/** What can be done with many connections at once. */
export type BulkDeed = "schedule" | "refresh" | "tag" | "untag" | "disconnect";

interface DeedContext {
  readonly tag: string | null;
  /** Since when the whole is under way. */
  readonly since: Date;
  readonly signal: AbortSignal;
}

/**
 * Does it with these, and gives what became of them, some at a time. What is done already is done: whoever goes on where another one was cut
 * short does no harm. It throws what concerns all of them.
 */
type Deed = (engine: Engine, ids: readonly string[], context: DeedContext) => AsyncGenerator<readonly BulkItem[]>;

const done = (id: string, why: string | null = null): BulkItem => ({ id, outcome: "done", why });
const refused = (id: string, why: string): BulkItem => ({ id, outcome: "refused", why });

/** Each by itself, some at once: what one of them is refused stops no other. */
const oneByOne = (atOnce: number, task: (engine: Engine, id: string) => Promise<string | null>): Deed =>
  async function* (engine, ids, { signal }) {
    for (let at = 0; at < ids.length; at += atOnce) {
      signal.throwIfAborted();
      yield Promise.all(ids.slice(at, at + atOnce).map((id) => judged(id, () => task(engine, id))));
    }
  };

async function judged(id: string, task: () => Promise<string | null>): Promise<BulkItem> {
  try {
    return done(id, await task());
  } catch (error) {
    if (error instanceof EvertokenError && !concernsAll(error)) return refused(id, `${error.code}: ${error.message}`);
    throw error;
  }
}

/** No answer for so long: workers are away, or a queue is paused. What is left stays open, for whoever goes on. */
const timeoutMs = 120_000;

const refresh: Deed = async function* (engine, ids, { since, signal }) {
  const before = new Set(await withStore(() => refreshedSince(engine.pool, ids, since)));
  yield [...before].map((id) => done(id));
  const left = ids.filter((id) => !before.has(id));
  let open = left.length;
  for await (const fates of refreshFates(engine, left, { force: false, signal, timeoutMs })) {
    open -= fates.length;
    yield fates.map(({ id, why }) => (why === null ? done(id) : refused(id, why)));
  }
  if (open > 0) throw new EvertokenError("timed_out", "no refresh has ended for two minutes");
};

const tagged = (change: (tag: string) => { add: readonly string[]; remove: readonly string[] }): Deed =>
  async function* (engine, ids, { tag }) {
    const changed = await withStore(() => changeTags(engine.pool, ids, { tags: null, ...change(tag ?? "") }));
    const found = new Map(changed.map((each) => [each.id, each]));
    yield ids.map((id) => {
      const own = found.get(id);
      if (own === undefined) return refused(id, "connection_not_found");
      return own.full ? refused(id, tooManyTags(own.tags.length)) : done(id);
    });
  };

export const bulkDeeds: Readonly<Record<BulkDeed, Deed>> = {
  schedule: oneByOne(50, async (engine, id) => {
    const { dueAt } = await scheduleNow(engine, id, { trigger: "bulk" });
    return dueAt.getTime() > engine.clock.now().getTime()
      ? `the provider asked to wait until ${dueAt.toISOString()}`
      : null;
  }),
  refresh,
  tag: tagged((tag) => ({ add: [tag], remove: [] })),
  untag: tagged((tag) => ({ add: [], remove: [tag] })),
  disconnect: oneByOne(10, async (engine, id) => {
    const { disconnected, revoked } = await disconnectAndRevoke(engine, id);
    return disconnected ? revocations[revoked] : "it was disconnected already";
  }),
};

const revocations = {
  yes: null,
  not_supported: null,
  later: "erased here; the provider is asked again to revoke it",
  no: "erased here; the provider refuses to revoke it",
} as const;
