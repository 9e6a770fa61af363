import { troubleWithRecord, uncommitted } from "@evertoken/adapters";
import { type GrantRecord, type RefreshDeps, settleKept } from "@evertoken/core";
import type { Engine } from "../engine.ts";

/**
 * Commits what was kept while Postgres was away, and what a process that was killed had noted and not committed. What Postgres does
 * not take stays kept, and holds up nothing else. @returns how many were committed
 */
export async function drainSpool(engine: Engine): Promise<number> {
  return engine.work.run(() => drain(engine));
}

async function drain(engine: Engine): Promise<number> {
  // What lies in Redis may be the only copy that the true installation has.
  if ((await engine.installation.standing()) !== null) return 0;
  // The next token set does not wait until Redis has heard of this one.
  const deps: RefreshDeps = {
    ...engine.refreshDeps,
    announce: async (record) => void engine.refreshDeps.announce(record),
  };
  return (await drainKept(engine, deps)) + (await drainLeft(engine, deps));
}

async function drainKept(engine: Engine, deps: RefreshDeps): Promise<number> {
  let drained = 0;
  for (const record of await engine.spool.all()) {
    const way = await drainOne(engine, record, deps);
    if (way === "away") return drained;
    if (way === "drained") drained++;
  }
  return drained;
}

async function drainLeft(engine: Engine, deps: RefreshDeps): Promise<number> {
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

async function drainOne({ spool }: Engine, record: GrantRecord, deps: RefreshDeps) {
  const { committed, error } = await settleKept(record, deps);
  if (committed !== "deferred") return "drained";
  const trouble = troubleWithRecord(error);
  if (trouble.kind === "refused") await spool.refuse(record, trouble.why);
  return trouble.kind;
}
