import { randomBytes } from "node:crypto";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { migrate } from "@evertoken/database";
import { createRig, type Env, type Rig } from "../support/rig.ts";
import { seededRandom } from "../support/seeded-random.ts";
import { onFileEnd, temporaryDirectory } from "../support/services.ts";
import { startTcpProxy, type TcpProxy } from "../support/tcp-proxy.ts";
import { startTokenServerProcess } from "../support/token-server-process.ts";
import { Chronicle } from "./chronicle.ts";
import { Crew, type Place, places } from "./crew.ts";
import type { TortureOptions } from "./options.ts";
import { Population } from "./population.ts";
import { PostgresPair } from "./postgres-pair.ts";
import { RedisPair } from "./redis-pair.ts";
import { SpoolDisk } from "./spool-disk.ts";

/** The ways from one process to what it needs. */
interface Wires {
  readonly postgres: TcpProxy;
  readonly redis: TcpProxy;
}

/** An installation with everything that can be done to it. */
export interface Ground {
  readonly rig: Rig;
  readonly serverPid: number;
  readonly postgres: PostgresPair;
  readonly redis: RedisPair;
  readonly spool: SpoolDisk;
  readonly wires: ReadonlyMap<Place, Wires>;
  readonly toProvider: TcpProxy;
  readonly crew: Crew;
  readonly chronicle: Chronicle;
  readonly population: Population;
  readonly apiKey: string;
  /** The ids of all connections, for the caller's process. */
  readonly idsFile: string;
  readonly lifeMs: number;
  readonly random: () => number;
  /** Lines of Postgres' log that hold a token. */
  readonly postgresLeaks: string[];
  readonly directory: string;
}

/** Minutes become seconds, and lease, deadline and lock keep their proportions. */
const settings: Env = {
  ...{ QUICK_RETRY_MS: "100", RETRY_MS: "1000", THROTTLE_MS: "2000", THROTTLE_CAP_MS: "5000" },
  ...{ REQUEST_TIMEOUT_MS: "3000", LEASE_MS: "6000", LEASE_RESERVE_MS: "2500", LEASE_TAKEOVER_MS: "1000" },
  ...{ ON_DEMAND_COOLDOWN_MS: "1000", CIRCUIT_PROBE_MS: "2000", UNKNOWN_PROBE_MS: "3000", UNKNOWN_WINDOW_MS: "20000" },
  ...{ DENIALS_BELIEVED_AFTER_MS: "60000", UNKNOWN_RECONNECT_AFTER_MS: "60000" },
  ...{ JOB_LOCK_MS: "3000", JOB_STALLED_CHECK_MS: "1000", OVERDUE_SPREAD_MS: "2000", SHUTDOWN_MS: "15000" },
  ...{ RECONCILE_CRON: "*/5 * * * * *", SWEEP_CRON: "*/10 * * * * *", LOG_LEVEL: "info" },
  // Tokens live so short here that twice a minute would be too rarely.
  ...{ ACME_ROTATION: "single_use", REFRESH_LEAST_APART_MS: "2000" },
};

export async function openGround(options: TortureOptions): Promise<Ground> {
  const directory = await temporaryDirectory();
  const postgresLeaks: string[] = [];
  const postgres = await PostgresPair.start(directory, (line) => {
    if (line.includes(mark)) postgresLeaks.push(line);
  });
  onFileEnd(() => postgres.stop());
  await migrate(postgres.primary.url);
  const redis = await RedisPair.start(directory);
  onFileEnd(() => redis.stop());
  const spool = await SpoolDisk.open(join(directory, "disk"));
  onFileEnd(() => spool.close());
  const server = await startTokenServerProcess({ marker: mark });
  const toProvider = await startTcpProxy({ targetPort: Number(new URL(server.tokenUrl).port) });
  onFileEnd(() => toProvider.stop());
  const own = { postgres: await postgres.proxy(), redis: await redis.proxy() };
  const apiKey = randomBytes(24).toString("base64url");
  const tokenUrl = new URL(server.tokenUrl);
  tokenUrl.port = String(toProvider.port);
  const common = { SPOOL_DIR: spool.directory, EVERTOKEN_API_KEY: apiKey, ACME_TOKEN_URL: tokenUrl.href };
  const rig = await createRig({
    ...{ server, databaseUrl: own.postgres.url, redisUrl: own.redis.url, env: { ...settings, ...common } },
  });
  const { lifeSeconds } = options;
  await rig.server.configure({ expiresIn: lifeSeconds, latencyMs: 60 });

  const idsFile = join(directory, "ids.json");
  await writeFile(idsFile, "[]");
  await mkdir(join(directory, "clocks"));
  const clockFile = (place: Place) => join(directory, "clocks", place);
  const wires = new Map<Place, Wires>();
  const addresses = new Map<Place, Env>();
  for (const place of places) {
    const [toPostgres, toRedis] = [await postgres.proxy(), await redis.proxy()];
    wires.set(place, { postgres: toPostgres.proxy, redis: toRedis.proxy });
    addresses.set(place, { DATABASE_URL: toPostgres.url, REDIS_URL: toRedis.url });
  }
  const chronicle = new Chronicle();
  const forCaller = { TORTURE_IDS: idsFile, TORTURE_SEED: String(options.seed) };
  const envOf = (place: Place): Env => ({ ...rig.env, ...addresses.get(place), ...forCaller });
  const crew = new Crew({ chronicle, envOf, clockFile });
  const ground = {
    ...{ rig, postgres, redis, spool, wires, toProvider, crew, chronicle, apiKey, idsFile, postgresLeaks, directory },
    ...{ serverPid: server.pid as number, population: new Population(rig), lifeMs: lifeSeconds * 1000 },
    random: seededRandom(options.seed),
  };
  return ground;
}

/** Stands at the start of every token. */
export const mark = "canary";
