import { randomUUID } from "node:crypto";
import {
  adoptInstallation,
  countOlder,
  createReadInstallation,
  type InstallationFacts,
  markJobsAhead,
  releaseOlder,
} from "@evertoken/adapters";
import type { HeldWhy, Memory } from "@evertoken/core";
import type { Engine } from "../engine.ts";
import { EvertokenError, withQueue, withStore } from "../evertoken-error.ts";
import { isUuid } from "../is-uuid.ts";
import { openQueues } from "../providers/providers-at-work.ts";
import { putBack } from "./put-back.ts";

/**
 * `original`: this database is the true one from now on; connections of which Redis knows more than their rows stay held singly.
 * `copy`: it is another installation now, and forgets the grants of the one that it was copied from, without revoking them.
 * `held`: another installation too, which keeps its tokens and spends none.
 */
export type AdoptAs = "original" | "copy" | "held";

export interface InstallationReport {
  readonly held: HeldWhy | "comparing" | "clock" | null;
  readonly reason: string | null;
  readonly connections: number;
  /** When anything was refreshed last, as this database knows it. */
  readonly newestRefreshAt: Date | null;
  /** Connections of which Redis knows a newer generation than their rows have. */
  readonly olderThanTheirJobs: number;
  readonly jobsInRedis: number;
  /** The database was last in use then, as it says itself. */
  readonly usedUntil: Date | null;
  /** What Redis remembers of the installation that it belongs to. */
  readonly redis: { readonly sameInstallation: boolean; readonly usedUntil: Date } | null;
}

/** What `evertoken adopt` shows. Writes nothing but marks. @throws {EvertokenError} */
export async function examineInstallation(engine: Engine): Promise<InstallationReport> {
  await withStore(() => engine.installation.look());
  const { row, redis } = await read(engine);
  const { rows } = await withStore(() =>
    engine.pool.query<{ connections: number; newest: Date | null }>(
      "SELECT count(*)::int AS connections, max(last_refresh_at) AS newest FROM connections WHERE status <> 'disconnected'",
    ),
  );
  const { held } = engine.installation;
  const { jobs } = await compareJobs(engine);
  return {
    ...{ held: held?.why ?? null, reason: held?.reason ?? null },
    ...{ connections: rows[0]?.connections ?? 0, newestRefreshAt: rows[0]?.newest ?? null },
    ...{ olderThanTheirJobs: await withStore(() => countOlder(engine.pool)), jobsInRedis: jobs },
    usedUntil: row?.beatAt ?? null,
    redis: redis === null ? null : { sameInstallation: redis.identity === row?.identity, usedUntil: redis.beatAt },
  };
}

/** Jobs of another installation say nothing of these rows, unless this one was copied from it: the ids tell. */
async function compareJobs(engine: Engine): Promise<{ jobs: number }> {
  await withStore(() => openQueues(engine));
  return withQueue(() => markJobsAhead(engine.pool, engine.queues));
}

export interface Adopted {
  /** Connections whose newest token set came back from a copy in Redis. */
  readonly putBack: number;
  /** Connections that stay held: no copy is left of the newer token set that Redis knows of. */
  readonly olderThanTheirJobs: number;
}

/** An operator has said which database is true. Every process goes on, or stays held, within a second. @throws {EvertokenError} */
export async function adopt(engine: Engine, as: AdoptAs): Promise<Adopted> {
  const { row, server, redis } = await read(engine);
  await withStore(() => engine.installation.look());
  if (redis !== null && (as !== "original" || engine.installation.held !== null)) await checkNobodyElse(engine);
  const back = as === "original" ? await compare(engine, redis !== null && redis.identity === row?.identity) : 0;
  const identity = as === "original" && row !== null ? row.identity : randomUUID();
  if (as === "copy") await withStore(() => forgetGrants(engine));
  const beatAt = new Date(
    Math.max(engine.clock.now().getTime(), redis?.beatAt.getTime() ?? 0, row?.beatAt.getTime() ?? 0),
  );
  const heldWhy = as === "held" ? "kept_held" : null;
  // Redis first: a process that looks in between still finds the row held.
  await withQueue(() => engine.installation.memory.redis.overwrite({ identity, beatAt }));
  await withStore(() => adoptInstallation(engine.pool, { identity, server, remembered: beatAt, heldWhy }));
  return { putBack: back, olderThanTheirJobs: await withStore(() => countOlder(engine.pool)) };
}

/** What was refreshed shortly before a restore has its newest set in Redis yet: as after a failover, nobody has to reconnect for it. */
async function compare(engine: Engine, sameInstallation: boolean): Promise<number> {
  await compareJobs(engine);
  if (!sameInstallation) return 0;
  const { pool, copies, spool, refreshDeps } = engine;
  return putBack({ pool, copies, spool, commit: refreshDeps.store.commit });
}

/**
 * What is held does not move the time on: if Redis sees it move, another database lives by this Redis. To take that over would stop the
 * true one, or have two databases spend the same grants.
 */
async function checkNobodyElse(engine: Engine): Promise<void> {
  const before = await read(engine);
  await new Promise((resolve) => setTimeout(resolve, beatsMs));
  const after = await read(engine);
  const moved = (of: "row" | "redis") => before[of]?.beatAt.getTime() !== after[of]?.beatAt.getTime();
  // Where the row's moves as well it is this database that is in use: its processes obey within a second.
  if (!moved("redis") || moved("row")) return;
  throw new EvertokenError(
    "held",
    "another database is in use with this Redis: stop its processes, or give this one another REDIS_URL or REDIS_PREFIX",
  );
}

const beatsMs = 2500;

/** Ends nothing at the provider: the grants are the original's. What was to be sent or revoked is the original's as well. */
async function forgetGrants({ pool }: Engine): Promise<void> {
  await pool.query(`WITH gone AS (
      UPDATE connections SET status = 'disconnected', access_token = NULL, refresh_token = NULL, grant_hash = NULL, next_refresh_at = NULL, lease_owner = NULL,
        lease_until = NULL, generation = generation + 1, newer_generation = NULL, last_sync_status = NULL, updated_at = clock_timestamp()
      WHERE status <> 'disconnected' OR access_token IS NOT NULL OR refresh_token IS NOT NULL
    ), revocations AS (DELETE FROM revocations), muted AS (UPDATE webhook_endpoints SET enabled = false),
    unsent AS (DELETE FROM webhook_deliveries WHERE status = 'pending')
    UPDATE outbox SET delivered_at = clock_timestamp() WHERE delivered_at IS NULL`);
}

/** @param id of a connection, or null: all. Says that the rows are true. @returns how many were held singly */
export async function releaseConnections(engine: Engine, id: string | null): Promise<number> {
  if (id !== null && !isUuid(id)) throw new EvertokenError("connection_not_found", `there is no connection ${id}`);
  return withStore(() => releaseOlder(engine.pool, id));
}

async function read(engine: Engine): Promise<InstallationFacts & { readonly redis: Memory | null }> {
  const redis = await engine.installation.memory.redis.read().catch(() => null);
  return { ...(await withStore(createReadInstallation(engine.pool, engine.clock))), redis };
}
