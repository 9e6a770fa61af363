import { checkRedis, closeCircuitOfOtherSecret, describeError } from "@evertoken/adapters";
import { nudgeDelivery } from "./announce.ts";
import type { Engine } from "./engine.ts";
import { drainSpool } from "./spool-drain.ts";

/**
 * What a long-running process makes sure of before it works: the right keys, a Redis that cannot lose jobs by eviction, and that a
 * circuit that opened for another client secret than ours gets its chance.
 *
 * @throws when it must not start like this
 */
export async function prepareEngine(engine: Engine): Promise<void> {
  await engine.checkKeys();
  await engine.installation.look();
  engine.installation.watch();
  // First of all, and without Redis: a token set that a dead process left in a file cannot wait until Redis is back.
  await drainSpool(engine).catch((error: unknown) => {
    engine.logger.warn({ err: describeError(error) }, "the spool could not be drained yet");
  });
  await checkSettings(engine);
  await checkSpool(engine);
  await engine.providers.catchUp();
  if (engine.installation.held !== null) return;
  for (const { provider, secretFingerprint } of engine.providers.all()) {
    if (secretFingerprint === null) continue;
    const closed = await closeCircuitOfOtherSecret(engine.pool, provider.id, "default", secretFingerprint, new Date());
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

async function checkSettings({ queues, logger }: Engine): Promise<void> {
  try {
    for (const { setting, found, wanted, fatal } of await checkRedis(queues.redis)) {
      if (fatal) throw new UnsafeRedis(`Redis has ${setting} ${found}; it must be ${wanted}, or jobs are lost`);
      logger.warn({ setting, found, wanted }, "Redis is not set up as deploy/redis.conf says");
    }
  } catch (error) {
    if (error instanceof UnsafeRedis) throw error;
    logger.warn({ err: describeError(error) }, "the settings of Redis could not be checked");
  }
}

class UnsafeRedis extends Error {
  readonly code = "unsafe_redis";
}
