import { randomBytes, randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  checkJobs,
  connectRedis,
  createLogger,
  createPool,
  createQueues,
  type Due,
  patient,
  type Queues,
  readConfig,
} from "@evertoken/adapters";
import { jobId } from "@evertoken/core";
import { createEvertoken, type Evertoken, type ImportInput } from "@evertoken/engine";
import type { Pool } from "pg";
import { type AppName, type AppProcess, startApp } from "./app-process.ts";
import { createDatabase, createRedis, onFileEnd } from "./services.ts";
import { type IssuedTokenSet, startTokenServer, type TokenServer, type TokenServerOptions } from "./token-server.ts";

export type Env = Record<string, string>;

/** A whole Evertoken around one token server: the settings of its processes, a client, and views into Postgres and Redis. */
export interface Rig {
  readonly env: Env;
  readonly provider: string;
  readonly server: TokenServer;
  readonly client: Evertoken;
  /** All that the client has logged. */
  clientOutput(): string;
  readonly pool: Pool;
  readonly queues: Queues;
  /** Starts an app as its own process and waits until it is ready. */
  start(app: AppName, env?: Env): Promise<AppProcess>;
  /** Issues a token set at the server and imports it. */
  connect(overrides?: Partial<ImportInput>): Promise<Connected>;
  row(id: string): Promise<Row>;
  log(id: string): Promise<LogRow[]>;
  job(due: Pick<Due, "id" | "generation">): ReturnType<typeof describeJob>;
}

export interface Connected extends IssuedTokenSet {
  readonly id: string;
  readonly generation: number;
  readonly nextRefreshAt: Date | null;
}

// biome-ignore lint/suspicious/noExplicitAny: rows as the database has them, for assertions
export type Row = any;
export type LogRow = Row;

export interface RigOptions {
  readonly env?: Env;
  /** Settings that name a file, with what stands in it. */
  readonly files?: Env;
  readonly server?: TokenServerOptions | TokenServer;
  readonly databaseUrl?: string;
  readonly redisUrl?: string;
  /** Id of the provider at the token server. */
  readonly provider?: string;
}

/** Settings as an app has them that embeds the engine: under our prefix, beside its own. */
export function prefixed(env: Env): Env {
  return Object.fromEntries(
    Object.entries(env).map(([name, value]) => [name.replace(/^(?!EVERTOKEN_)/, "EVERTOKEN_"), value]),
  );
}

/** Retries soon, so that a test sees in seconds what takes minutes in the field. */
export const hasty: Env = {
  QUICK_RETRY_MS: "50",
  RETRY_MS: "1000",
  LEASE_MS: "3500",
  LEASE_RESERVE_MS: "1000",
  REQUEST_TIMEOUT_MS: "2000",
  LEASE_TAKEOVER_MS: "500",
  ON_DEMAND_COOLDOWN_MS: "200",
  CIRCUIT_PROBE_MS: "1000",
};

export async function createRig(options: RigOptions = {}): Promise<Rig> {
  const provider = options.provider ?? "acme";
  const server = isServer(options.server) ? options.server : await startTokenServer(options.server);
  const spool = await mkdtemp(join(tmpdir(), "evertoken-spool-"));
  const env = {
    DATABASE_URL: options.databaseUrl ?? (await createDatabase()).url,
    REDIS_URL: options.redisUrl ?? (await createRedis()).url,
    REDIS_PREFIX: `t${randomBytes(4).toString("hex")}`,
    ENCRYPTION_KEY: randomBytes(32).toString("hex"),
    SPOOL_DIR: spool,
    LOG_LEVEL: "debug",
    ...providerEnv(provider, server),
    ...options.env,
    ...(await writeFiles(spool, options.files ?? {})),
  };
  let clientOutput = "";
  const write = (text: string) => {
    clientOutput += text;
  };
  const client = createEvertoken({ settings: env, logger: createLogger("client", "debug", { write }) });
  const pool = createPool(env.DATABASE_URL, 5, () => {});
  const { redis: place } = readConfig(env, (path) => readFileSync(path, "utf8")).config;
  const redis = connectRedis(place, patient, () => {});
  const queues = createQueues(redis, env.REDIS_PREFIX);
  onFileEnd(async () => {
    await client.close();
    await queues.close();
    redis.disconnect();
    await pool.end();
    await server.stop();
    // An engine that a test opened beside the client may write there once more.
    await rm(spool, { recursive: true, force: true, maxRetries: 5 });
  });
  const one = async (sql: string, id: string) => (await pool.query<Row>(sql, [id])).rows;
  return {
    ...{ env, provider, server, client, pool, queues },
    clientOutput: () => clientOutput,
    start: (app, extra) => startApp(app, { ...env, ...extra }),
    async connect(overrides = {}) {
      const [issued] = await server.issue(overrides.expiresIn == null ? {} : { expiresIn: overrides.expiresIn });
      if (issued === undefined) throw new Error("the server issued nothing");
      const imported = await client.connections.import({
        userId: `user-${randomUUID()}`,
        provider,
        externalAccountId: issued.accountId,
        accessToken: issued.accessToken,
        refreshToken: issued.refreshToken,
        expiresIn: issued.expiresInSeconds,
        scopes: issued.scopes,
        overwrite: true,
        ...overrides,
      });
      return { ...issued, id: imported.id, generation: imported.generation, nextRefreshAt: imported.nextRefreshAt };
    },
    row: async (id) => (await one("SELECT * FROM connections WHERE id = $1", id))[0] as Row,
    log: (id) => one("SELECT * FROM token_refresh_log WHERE connection_id = $1 ORDER BY id", id),
    job: (due) => describeJob(queues, provider, due),
  };
}

async function writeFiles(directory: string, files: Env): Promise<Env> {
  const paths = Object.keys(files).map((name) => [name, join(directory, `${name}.setting`)] as const);
  await Promise.all(paths.map(([name, path]) => writeFile(path, files[name] ?? "")));
  return Object.fromEntries(paths);
}

/** The environment that makes a token server a provider of ours. */
export function providerEnv(id: string, server: TokenServer): Env {
  const prefix = id.toUpperCase().replaceAll("-", "_");
  return {
    EVERTOKEN_ALLOW_PRIVATE_ADDRESSES: "true",
    EVERTOKEN_GENERIC_PROVIDERS: id,
    [`${prefix}_TOKEN_URL`]: server.tokenUrl,
    [`${prefix}_REVOKE_URL`]: server.revokeUrl,
    [`${prefix}_IDENTITY_URL`]: server.identityUrl,
    [`${prefix}_CLIENT_ID`]: "client",
    [`${prefix}_CLIENT_SECRET`]: "client-secret",
    [`${prefix}_ROTATION`]: "single_use",
    [`${prefix}_LIFETIME_SECONDS`]: "1800",
  };
}

async function describeJob(queues: Queues, provider: string, { id, generation }: Pick<Due, "id" | "generation">) {
  const queue = queues.refreshQueue(provider);
  const job = await queue.getJob(jobId(id, generation));
  if (job === undefined || job === null) return null;
  const state = await job.getState();
  // From the score: `timestamp + delay` of a job that was moved is not its due time.
  const [standing] = await checkJobs(queues.redis, queue, [jobId(id, generation)]);
  const dueAt = standing?.kind === "delayed" ? standing.dueAt : null;
  return {
    state,
    dueAt,
    attemptsMade: job.attemptsMade,
    data: job.data,
    priority: job.priority,
    failedReason: job.failedReason,
  };
}

/** Polls until the answer is truthy, and hands it on. */
export async function until<T>(
  what: string,
  probe: () => Promise<T | null | undefined | false>,
  timeoutMs = 10_000,
): Promise<T> {
  for (const deadline = Date.now() + timeoutMs; ; ) {
    const answer = await probe();
    if (answer) return answer;
    if (Date.now() > deadline) throw new Error(`waited ${timeoutMs} ms in vain until ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

function isServer(server: RigOptions["server"]): server is TokenServer {
  return server !== undefined && "issue" in server;
}
