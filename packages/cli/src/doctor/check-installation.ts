import {
  type Config,
  countOlder,
  createInstallationMemory,
  createReadInstallation,
  DatabaseClock,
  type RedisClient,
} from "@evertoken/adapters";
import { heldReason, judgeInstallation } from "@evertoken/core";
import type { Engine } from "@evertoken/engine/internal";
import { type Finding, fail, ok, warn } from "./finding.ts";

/** Whether this database is the true one, and whether single rows are older than their jobs. Changes nothing. */
export async function checkInstallation(
  pool: Engine["pool"],
  redis: RedisClient | null,
  config: Config,
): Promise<Finding[]> {
  const memory = redis && createInstallationMemory(redis, config.redisPrefix, config.spoolDir);
  const remembered = (await memory?.redis.read().catch(() => null)) ?? null;
  const { row, server } = await createReadInstallation(pool, new DatabaseClock(pool))();
  const verdict = judgeInstallation(row, server, { redis: remembered, disk: null, own: null }, config.installation);
  return [whole(verdict, row?.systemIdentifier ?? server.systemIdentifier), ...single(await countOlder(pool))];
}

function whole(verdict: ReturnType<typeof judgeInstallation>, systemIdentifier: string | null): Finding {
  switch (verdict.kind) {
    case "held":
      return fail("installation", `held: ${heldReason(verdict.why)}`, "run `evertoken adopt`: it shows what to decide");
    case "behind":
      return warn("installation", "a failover is being made good", "a running worker does so within seconds");
    case "original":
      return ok(
        "installation",
        systemIdentifier === null ? "Postgres does not tell its identity" : "this database is the true one",
      );
    default:
      return verdict satisfies never;
  }
}

function single(older: number): Finding[] {
  if (older === 0) return [];
  const advice = "their users reconnect, or `evertoken release <id>` says that the row is true";
  return [fail("older rows", `${older} connections are older than their jobs in Redis, and held`, advice)];
}
