import {
  type Config,
  connectRedis,
  createKeyring,
  createPool,
  type Env,
  impatient,
  noRedis,
  readConfig,
  recordNames,
} from "@evertoken/adapters";
import { createPrismaClient } from "@evertoken/database";
import { catalogue, createProviders, prefixOf, readProviderSettings } from "@evertoken/providers";
import { readFile } from "../open.ts";
import { withStored } from "../with-stored.ts";
import { checkApiKeys } from "./check-api-keys.ts";
import { checkConnecting } from "./check-connecting.ts";
import { checkConnections } from "./check-connections.ts";
import { checkCredentials } from "./check-credentials.ts";
import { checkEndpoints } from "./check-endpoints.ts";
import { checkInstallation } from "./check-installation.ts";
import { checkIssuers } from "./check-issuers.ts";
import { checkKeys } from "./check-keys.ts";
import { checkLogSize } from "./check-log-size.ts";
import { checkNames } from "./check-names.ts";
import { checkPeople } from "./check-people.ts";
import { checkPostgres } from "./check-postgres.ts";
import { checkRedisServer } from "./check-redis-server.ts";
import { checkRefreshes } from "./check-refreshes.ts";
import { checkSchedules } from "./check-schedules.ts";
import { checkSpool } from "./check-spool.ts";
import { checkStoredProviders } from "./check-stored-providers.ts";
import { type Finding, fail, ok, warn } from "./finding.ts";

/** Goes as far as the settings allow: a wrong one does not hide what else is wrong. */
export async function examine(env: Env): Promise<Finding[]> {
  const [shared, ofProviders] = [recordNames(env), recordNames(env)];
  const { config, faults } = readConfig(shared.env, readFile);
  const { settings, ...remarks } = readProviderSettings(ofProviders.env, readFile, catalogue);
  const findings: Finding[] = toFindings([...faults, ...remarks.faults]);
  for (const warning of [...config.warnings, ...remarks.warnings]) {
    findings.push(warn("settings", warning, "set it without that, so that everybody reads the same"));
  }
  const prefixes = settings.providers.flatMap(({ provider }) => [
    prefixOf(provider.id),
    ...(provider.settingsFallback === undefined ? [] : [provider.settingsFallback]),
  ]);
  findings.push(...checkNames(env, { shared: shared.names, ofProviders: ofProviders.names }, prefixes));
  findings.push(...checkConnecting(config));
  findings.push(...(await checkIssuers(settings, config, env)));
  if (config.databaseUrl !== "") findings.push(...(await examineDatabase(config, createProviders(settings))));
  findings.push(...(await examineRedis(config)));
  return findings;
}

function toFindings(faults: readonly string[]): Finding[] {
  if (faults.length === 0) return [ok("settings", "all are well-formed")];
  return faults.map((fault) => fail("settings", fault, "see .env.example for every setting with its default"));
}

async function examineDatabase(config: Config, providers: ReturnType<typeof createProviders>): Promise<Finding[]> {
  const pool = createPool(config.databaseUrl, 2, () => undefined, { prepared: config.databasePrepared });
  try {
    const { usable, findings } = await checkPostgres(pool);
    if (!usable) return findings;
    const prisma = createPrismaClient(pool);
    const keyring = config.encryptionKeys.length === 0 ? null : createKeyring(config.encryptionKeys);
    const live = keyring === null ? null : withStored(config, providers, pool, keyring);
    await live?.reload();
    return [
      ...findings,
      ...(keyring === null ? [] : [await checkKeys(pool, keyring)]),
      await checkApiKeys(pool),
      ...(keyring === null ? [] : await checkPeople(prisma, keyring, config.dashboard.needsSecondFactor)),
      ...(live === null ? [] : checkStoredProviders(live)),
      ...(await checkCredentials(prisma, live ?? providers)),
      ...(await checkConnections(pool)),
      ...(await checkEndpoints(pool)),
      ...(await examineWork(pool, config, live)),
      await checkLogSize(pool, config),
      await checkSchedules(pool, config),
    ];
  } finally {
    await pool.end();
  }
}

type Live = ReturnType<typeof withStored>;

/** What Postgres and Redis tell together. */
async function examineWork(pool: ReturnType<typeof createPool>, config: Config, live: Live | null): Promise<Finding[]> {
  if (config.redis === noRedis) return checkInstallation(pool, null, config);
  const redis = connectRedis(config.redis, impatient, () => undefined);
  try {
    return [
      ...(await checkInstallation(pool, redis, config)),
      ...(live === null ? [] : await checkRefreshes(pool, redis, config, live)),
    ];
  } finally {
    redis.disconnect();
  }
}

async function examineRedis(config: Config): Promise<Finding[]> {
  if (config.redis === noRedis) return [];
  const redis = connectRedis(config.redis, impatient, () => undefined);
  try {
    return [...(await checkRedisServer(redis, config.redisPrefix)), ...(await checkSpool(redis, config))];
  } finally {
    redis.disconnect();
  }
}
