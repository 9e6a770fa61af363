import { randomUUID } from "node:crypto";
import { hostname } from "node:os";
import {
  type Config,
  type Copies,
  checkKeyring,
  connectRedis,
  createCopies,
  createInstallationMemory,
  createKeyring,
  createPool,
  createQueues,
  createSpool,
  createStore,
  createWantsRefreshed,
  DatabaseClock,
  type DrainableSpool,
  describeError,
  describeTrouble,
  impatient,
  type Keyring,
  type Logger,
  markJobsAhead,
  onceAMinute,
  type Queues,
  type RedisClient,
  RunningWork,
  redisTrouble,
  wait,
  within,
} from "@evertoken/adapters";
import { noRegistration, type RefreshDeps, type RefreshOrder, type RefreshResult, refresh } from "@evertoken/core";
import { createPrismaClient, type PrismaClient } from "@evertoken/database";
import { createExchange, type Exchange, type Providers } from "@evertoken/providers";
import type { RedisOptions } from "ioredis";
import type { Pool } from "pg";
import { AuditTrail } from "./audit-trail.ts";
import { checkSchema } from "./check-database.ts";
import { createRegistrationCache, type RegistrationCache } from "./connect/registration-cache.ts";
import { EvertokenError, withSpool } from "./evertoken-error.ts";
import { createGrantHasher, type GrantHasher } from "./grants/grant-hash.ts";
import { claimOn } from "./installation/claim-on.ts";
import { Installation } from "./installation/installation.ts";
import { LeasesInFlight } from "./installation/leases-in-flight.ts";
import { putBack } from "./installation/put-back.ts";
import { Presence } from "./presence.ts";
import { createLiveProviders, type LiveProviders } from "./providers/live-providers.ts";
import { openQueues } from "./providers/providers-at-work.ts";
import { createAnnounce } from "./refresh/announce.ts";
import { createDrainWhileKept } from "./refresh/drain-spool.ts";
import { createKeepCopy } from "./refresh/keep-copy.ts";
import { createObserver, type Settled } from "./refresh/observe.ts";
import { providerRules } from "./refresh/provider-rules.ts";
import { createUserHasher, type UserHasher } from "./user-hash.ts";
import { version } from "./version.ts";

/** Everything a process needs to refresh tokens, opened from one configuration. */
export interface Engine {
  readonly config: Config;
  readonly providers: LiveProviders;
  readonly registrations: RegistrationCache;
  readonly logger: Logger;
  readonly pool: Pool;
  /** Of what is stored, and of what is compared with it. */
  readonly clock: DatabaseClock;
  readonly prisma: PrismaClient;
  readonly keyring: Keyring;
  readonly grants: GrantHasher;
  readonly users: UserHasher;
  readonly audit: AuditTrail;
  readonly queues: Queues;
  readonly spool: DrainableSpool;
  readonly copies: Copies;
  readonly exchange: Exchange;
  readonly refreshDeps: RefreshDeps;
  /** Whatever spends or stores runs in here: `close` waits for it. */
  readonly work: RunningWork;
  /** The refresh path, for every trigger, counted as running work from its claim to its commit. */
  runRefresh(order: RefreshOrder): Promise<RefreshResult>;
  /** Whether this database is the true one: nothing is spent while that is in doubt. */
  readonly installation: Installation;
  /** null: it ends soon, and is not counted among the processes. */
  readonly presence: Presence | null;
  /** Refuses a database that is not migrated, and a key ring that cannot open what is stored; looks once. @throws {EvertokenError} */
  checkKeys(): Promise<void>;
  /**
   * Refuses new work, lets what runs end and commit, then closes sockets, Redis and the pool, in this order: a token set that was
   * granted must find a database to go to. Takes SHUTDOWN_MS at most, and little more. Calling it again waits for the same end.
   */
  close(): Promise<void>;
}

export interface EngineOptions {
  readonly config: Config;
  /** Those of the box and of the settings; stored ones join them. */
  readonly providers: Providers;
  readonly logger: Logger;
  /** `patient` for processes that live from the queue, `impatient` for callers that wait. */
  readonly redis: RedisOptions;
  /** Told of each attempt once, when its end is certain. */
  readonly count?: (settled: Settled) => void;
  /** What it is called among the processes of this database; left out: it ends soon, as a command does. */
  readonly name?: string;
  /** Whether a job of ours is running the refresh, and will come back by itself after a setback. */
  readonly inJob: boolean;
  readonly proxyEnv?: Readonly<Record<string, string | undefined>>;
}

/** How long Redis and Postgres get to answer when we leave. */
const farewellMs = 1000;

/** Opens nothing until it is used: an engine can be made while Postgres and Redis are away. */
export function openEngine(options: EngineOptions): Engine {
  const { config, logger } = options;
  for (const warning of config.warnings) logger.warn(`settings: ${warning}`);
  const pool = createPool(
    config.databaseUrl,
    config.databasePool,
    onceAMinute((error: Error) => logger.warn({ err: error }, "postgres")),
    { prepared: config.databasePrepared },
  );
  const clock = new DatabaseClock(pool);
  const redis = connectRedis(
    config.redis,
    options.redis,
    onceAMinute((err: Error) => logger.warn({ err }, describeTrouble(redisTrouble(err)))),
  );
  const queues = createQueues(redis, config.redisPrefix, async () => (await installation.standing()) === null);
  // A patient connection would wait for Redis with a token set in its hands; this one lets the file take it.
  const spoolRedis = connectRedis(config.redis, { ...impatient, lazyConnect: true }, () => {});
  const keyring = createKeyring(config.encryptionKeys);
  const spool = createSpool({
    redis: spoolRedis,
    key: `{${config.redisPrefix}}:spool`,
    directory: config.spoolDir,
    keyring,
    onError: onceAMinute((error: unknown) =>
      logger.warn({ err: describeError(error) }, "SPOOL_DIR, or the spool in Redis, cannot be written"),
    ),
    onFault: (fault) =>
      logger.error(fault, "an entry of the spool is set aside: it stays where it is, the rest goes on"),
  });
  const grants = createGrantHasher();
  const users = createUserHasher();
  const audit = new AuditTrail({ pool, logger, now: clock.now });
  const { timeoutMs, allowPrivateAddresses } = config.request;
  const proxyEnv = options.proxyEnv === undefined ? {} : { proxyEnv: options.proxyEnv };
  const exchange = createExchange({ timeoutMs, allowPrivateAddresses, ...proxyEnv });
  const providers = createLiveProviders({
    ...{ fixed: options.providers, pool, keyring, exchange, allowPrivateAddresses, logger },
  });
  const owner = `${hostname()}:${process.pid}:${randomUUID().slice(0, 8)}`;
  const registrations = createRegistrationCache({ pool, keyring, providers }, noRegistration);
  const store = createStore(pool, {
    owner,
    ...config.lease,
    timing: config.timing,
    fingerprints: registrations.fingerprints,
    ground: () => installation.ground(),
  });
  const copiesIn = (connection: RedisClient) =>
    createCopies({
      ...{ redis: connection, prefix: config.redisPrefix, keyring },
      ...{ keepMs: config.installation.replicaLagMs, now: clock.now },
    });
  const copies = copiesIn(redis);
  const inFlight = new LeasesInFlight({ pool, outlastsMs: config.lease.leaseMs - config.lease.sendWithinMs });
  const installation = new Installation({
    ...{ pool, clock, logger, settings: config.installation },
    memory: createInstallationMemory(spoolRedis, config.redisPrefix, config.spoolDir),
    onBeat: () => copiesIn(spoolRedis).trim(),
    claimAgain: () => inFlight.claimAgain(),
    async compare() {
      const putBackAgain = await putBack({ pool, copies, spool, commit: (record) => store.commit(record) });
      await openQueues({ pool, providers, queues });
      return { putBack: putBackAgain, ...(await markJobsAhead(pool, queues)) };
    },
  });
  const presence =
    options.name === undefined
      ? null
      : new Presence(pool, { id: owner, name: options.name, keyIds: keyring.keyIds, version });
  const checkKeys = once(async () => {
    await checkSchema({ pool, logger });
    const faults = await checkKeyring(pool, keyring);
    if (faults.length > 0) throw new EvertokenError("unreadable_token", faults.join("; "));
    await Promise.all([grants.load(pool, keyring), users.load(pool, keyring), presence?.begin()]);
  });
  const work = new RunningWork(() => new EvertokenError("closing", "it is being closed and takes no new work"));
  const deps: RefreshDeps = {
    store: {
      async claim(order, now) {
        await checkKeys();
        // Also where nobody watches otherwise, such as in an app: as long as a request is on its way a failover has to be noticed.
        installation.watch();
        return inFlight.remember(await claimOn(installation, () => store.claim(order, now)));
      },
      async commit(record) {
        const committed = await store.commit(record);
        inFlight.forget(record.connectionId);
        return committed;
      },
      meetFault: (met) => store.meetFault(met),
    },
    // Named as what it is: everything else that a refresh can trip over is Postgres.
    spool: {
      ...spool,
      async keep(record) {
        await spool.keep(record);
        // A worker looks by itself.
        if (!options.inJob) drainWhileKept();
      },
      find: (id, generation) => withSpool(() => spool.find(id, generation)),
    },
    vault: keyring,
    timing: config.timing,
    providerOf: (connection) => providerRules({ providers, registrations, exchange, grants }, connection),
    now: clock.now,
    random: Math.random,
    wait,
    announce: createAnnounce(
      queues,
      logger,
      (provider) => derives(providers, provider),
      options.inJob,
      createWantsRefreshed(pool),
      createKeepCopy(copies, spool),
    ),
    observe: createObserver(logger, users, options.count),
  };
  const drainWhileKept = createDrainWhileKept({ work, installation, spool, refreshDeps: deps, pool, logger });
  const close = once(async () => {
    work.refuseNew();
    if (!(await within(config.shutdownMs, work.ended()))) logger.error("closed before all that runs had ended");
    await within(farewellMs, installation.close());
    exchange.close();
    spool.close();
    await within(farewellMs, queues.close());
    redis.disconnect();
    spoolRedis.disconnect();
    await within(farewellMs, Promise.all([audit.close(), presence?.end()]));
    await within(farewellMs, pool.end());
  });
  return {
    ...{
      config,
      providers,
      registrations,
      logger,
      pool,
      clock,
      queues,
      keyring,
      grants,
      users,
      audit,
      spool,
      copies,
      exchange,
      work,
      checkKeys,
      presence,
      installation,
      close,
    },
    refreshDeps: deps,
    runRefresh: (order) => work.run(() => refresh(order, deps)),
    prisma: createPrismaClient(pool),
  };
}

/** Whether a provider hands out child tokens for a connection's token. */
export function derives(providers: Providers, provider: string): boolean {
  return (providers.get(provider)?.provider.derived ?? null) !== null;
}

/** Remembers a success; a failure is tried again. */
function once(task: () => Promise<void>): () => Promise<void> {
  let done: Promise<void> | null = null;
  return () => {
    done ??= task().catch((error) => {
      done = null;
      throw error;
    });
    return done;
  };
}
