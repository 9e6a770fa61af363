import {
  checkRedis,
  closeCircuitOfOtherSecret,
  describeError,
  describeTrouble,
  onceAMinute,
  otherKind,
  type RedisTrouble,
  tryWrite,
} from "@evertoken/adapters";
import { checkDatabase } from "./check-database.ts";
import type { Engine } from "./engine.ts";
import { nudgeDelivery } from "./refresh/announce.ts";
import { drainSpool } from "./refresh/drain-spool.ts";

/**
 * What a long-running process makes sure of before it works: the right keys, a Redis that cannot lose jobs by eviction, and that a
 * circuit that opened for another client secret than ours gets its chance.
 *
 * @throws when it must not start like this
 */
export async function prepareEngine(engine: Engine): Promise<void> {
  await checkDatabase(engine);
  await engine.checkKeys();
  await engine.installation.look();
  engine.installation.watch();
  // First of all, and without Redis: a token set that a dead process left in a file cannot wait until Redis is back.
  await drainSpool(engine).catch((error: unknown) => {
    engine.logger.warn({ err: describeError(error) }, "the spool could not be drained yet");
  });
  await waitForRedis(engine);
  await checkSettings(engine);
  await checkSpool(engine);
  await engine.providers.catchUp();
  if (engine.installation.held !== null) return;
  for (const { provider, secretFingerprint } of engine.providers.all()) {
    if (secretFingerprint === null) continue;
    const closed = await closeCircuitOfOtherSecret(engine.pool, provider.id, "default", secretFingerprint);
    if (closed) await nudgeDelivery(engine.queues);
  }
}

/** Told loudly and no more: while Postgres is there, all goes well without it. */
async function checkSpool({ spool, config, logger }: Engine): Promise<void> {
  await spool.check().catch((error: unknown) => {
    const what = { directory: config.spoolDir, err: describeError(error) };
    logger.error(what, "SPOOL_DIR cannot be written: a new token set has no place but memory until it is committed");
  });
}

const lookMs = 2000;
/** A failover that is under way is over by then; so long a replica is a wrong address. */
const failoverMs = 15_000;

/** Waiting helps against these, or the work can go on without; all others are wrong settings, which nothing but a change heals. */
const passing: ReadonlySet<RedisTrouble> = new Set(["away", "loading", "replica", "slots", "sentinels"]);
const livable: ReadonlySet<RedisTrouble> = new Set(["memory", "disk"]);

/** Returns when Redis takes writes. @throws when it never will */
async function waitForRedis(engine: Engine): Promise<void> {
  const { queues, config, logger } = engine;
  const tell = onceAMinute(({ message }: Error) => logger.error(message));
  let replicaSince: number | null = null;
  await refuseOtherKind(engine);
  for (;;) {
    const trouble = await tryWrite(queues.redis, config.redisPrefix, lookMs);
    if (trouble === null) break;
    const said = new UnsafeRedis(describeTrouble(trouble));
    if (queues.redis.status === "end" || !(passing.has(trouble) || livable.has(trouble))) throw said;
    tell(said);
    if (livable.has(trouble)) break;
    replicaSince = trouble === "replica" ? (replicaSince ?? Date.now()) : null;
    if (replicaSince !== null && Date.now() - replicaSince > failoverMs) throw said;
  }
}

/** Many keys of ours would be refused: nothing may seem to work. @throws */
export async function refuseOtherKind({ queues }: Engine): Promise<void> {
  const trouble = await otherKind(queues.redis, lookMs);
  if (trouble !== null) throw new UnsafeRedis(describeTrouble(trouble));
}

async function checkSettings({ queues, logger }: Engine): Promise<void> {
  for (const { setting, found, wanted, fatal } of await checkRedis(queues.redis)) {
    if (fatal) throw new UnsafeRedis(`Redis has ${setting} ${found}; it must be ${wanted}, or jobs are lost`);
    if (found === null) logger.warn({ setting, wanted }, "a setting of Redis could not be read: its user may not");
    else logger.warn({ setting, found, wanted }, "Redis is not set up as deploy/redis.conf says");
  }
}

class UnsafeRedis extends Error {
  readonly code = "unsafe_redis";
}
