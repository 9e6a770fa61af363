import {
  type DrainableSpool,
  type Logger,
  type RunningWork,
  troubleWithRecord,
  uncommitted,
} from "@evertoken/adapters";
import { type GrantRecord, type RefreshDeps, settleKept } from "@evertoken/core";
import type { Pool } from "pg";
import type { Installation } from "../installation/installation.ts";

/** What it takes of an engine. */
export interface DrainDeps {
  readonly work: RunningWork;
  readonly installation: Installation;
  readonly spool: DrainableSpool;
  readonly refreshDeps: RefreshDeps;
  readonly pool: Pool;
  readonly logger: Logger;
}

/**
 * Commits what was kept while Postgres was away, and what a process that was killed had noted and not committed. What Postgres does
 * not take stays kept, and holds up nothing else. @returns how many were committed
 */
export async function drainSpool(engine: DrainDeps): Promise<number> {
  return engine.work.run(() => drain(engine));
}

const againMs = 1000;

/**
 * Drains the spool every second from when this process has kept a token set until none is left. Worker and scheduler look by themselves; an
 * app or an API may run on a host without them, and what only its disk has nobody else finds.
 *
 * @returns to be called after each `keep`; never throws
 */
export function createDrainWhileKept(deps: DrainDeps): () => void {
  const { work, spool } = deps;
  let draining = false;
  let keptMore = false;
  const drainUntilEmpty = async () => {
    // Closed, it leaves the rest to whoever starts next.
    const waited = () =>
      work.pause(againMs).then(
        () => true,
        () => false,
      );
    while (await waited()) {
      keptMore = false; // what is kept from here on, this look may miss
      const left = await drainSpool(deps)
        .then(() => spool.all())
        .catch(() => null); // Postgres, or the disk, is away yet: their own errors are told where they are met
      if (left?.length === 0 && !keptMore) break;
    }
    draining = false;
  };
  return () => {
    keptMore = true;
    if (!draining) void drainUntilEmpty();
    draining = true;
  };
}

async function drain(engine: DrainDeps): Promise<number> {
  // What lies in Redis may be the only copy that the true installation has.
  if ((await engine.installation.standing()) !== null) return 0;
  // The next token set does not wait until Redis has heard of this one.
  const deps: RefreshDeps = {
    ...engine.refreshDeps,
    announce: async (record) => void engine.refreshDeps.announce(record),
  };
  return (await drainKept(engine, deps)) + (await drainLeft(engine, deps));
}

async function drainKept(engine: DrainDeps, deps: RefreshDeps): Promise<number> {
  let drained = 0;
  for (const record of await engine.spool.all()) {
    const way = await drainOne(engine, record, deps);
    if (way === "away") return drained;
    if (way === "drained") drained++;
  }
  return drained;
}

async function drainLeft(engine: DrainDeps, deps: RefreshDeps): Promise<number> {
  const { spool, pool, logger } = engine;
  let drained = 0;
  for (const { records, remove } of await spool.left()) {
    for (const record of await uncommitted(pool, records)) {
      const { connectionId, generation } = record;
      logger.warn({ connection: connectionId, generation }, "committing what a killed process had in its hands");
      // Not taken, it is kept, and so as safe as committed.
      if ((await drainOne(engine, record, deps)) === "drained") drained++;
    }
    await remove();
  }
  return drained;
}

async function drainOne({ spool }: DrainDeps, record: GrantRecord, deps: RefreshDeps) {
  const { committed, error } = await settleKept(record, deps);
  if (committed !== "deferred") return "drained";
  const trouble = troubleWithRecord(error);
  if (trouble.kind === "refused") await spool.refuse(record, trouble.why);
  return trouble.kind;
}
