import { randomBytes, randomUUID } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  connectRedis,
  createKeyring,
  createPool,
  createQueues,
  type Keyring,
  patient,
  type Queues,
  redisAt,
} from "@evertoken/adapters";
import { migrate } from "@evertoken/database";
import { startPostgres, startRedis } from "@evertoken/local";
import { startTokenServerProcess } from "@evertoken/test/token-server-process";
import type { Pool } from "pg";

/** Everything a measurement stands on: fresh servers with the settings of the box, durable as in production. */
export interface Ground {
  readonly env: Record<string, string>;
  readonly pool: Pool;
  readonly queues: Queues;
  readonly keyring: Keyring;
  readonly server: Awaited<ReturnType<typeof startTokenServerProcess>>;
  close(): Promise<void>;
}

export const provider = "bench";

export async function openGround(): Promise<Ground> {
  const directory = await mkdtemp(join(tmpdir(), "evertoken-bench-"));
  const postgres = await startPostgres({ dataDir: join(directory, "postgres"), settings: { shared_buffers: "1GB" } });
  const redisServer = await startRedis({ dataDir: join(directory, "redis") });
  await migrate(postgres.url);
  const server = await startTokenServerProcess({ presentationLimit: 0 });
  const env = {
    DATABASE_URL: postgres.url,
    REDIS_URL: redisServer.url,
    ENCRYPTION_KEY: randomBytes(32).toString("hex"),
    SPOOL_DIR: join(directory, "spool"),
    LOG_LEVEL: "warn",
    WORKER_PORT: "0",
    WORKER_PROCESSES: "1",
    EVERTOKEN_ALLOW_PRIVATE_ADDRESSES: "true",
    EVERTOKEN_GENERIC_PROVIDERS: provider,
    BENCH_TOKEN_URL: server.tokenUrl,
    BENCH_CLIENT_ID: "client",
    BENCH_CLIENT_SECRET: "client-secret",
  };
  const pool = createPool(postgres.url, 10, () => {});
  const redis = connectRedis(redisAt(redisServer.url), patient, () => {});
  const queues = createQueues(redis, "evertoken");
  return {
    ...{ env, pool, queues, server, keyring: createKeyring([env.ENCRYPTION_KEY]) },
    async close() {
      await queues.close();
      redis.disconnect();
      await pool.end();
      await server.stop();
      await redisServer.stop();
      await postgres.stop();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

export interface Seeded {
  readonly id: string;
  readonly refreshToken: string;
}

const chunk = 5000;

/** Rows as an import would leave them; `dueInMs` of each from now. Adds no jobs. */
export async function seed(ground: Ground, count: number, dueInMs: (index: number) => number): Promise<Seeded[]> {
  const seeded: Seeded[] = [];
  for (let start = 0; start < count; start += chunk) {
    const issued = await ground.server.issue({ count: Math.min(chunk, count - start) });
    const rows = issued.map((set, index) => {
      const id = randomUUID();
      const owner = { id, provider, registration: "default" };
      seeded.push({ id, refreshToken: set.refreshToken });
      return {
        id,
        user_id: `user-${start + index}`,
        external_account_id: set.accountId,
        access_token: ground.keyring.seal(set.accessToken, owner, "access_token"),
        refresh_token: ground.keyring.seal(set.refreshToken, owner, "refresh_token"),
        next_refresh_at: new Date(Date.now() + dueInMs(start + index)),
        expires_at: new Date(Date.now() + dueInMs(start + index) + 300_000),
      };
    });
    await ground.pool.query(
      `INSERT INTO connections (id, user_id, provider, external_account_id, access_token, refresh_token, token_type, scopes,
         next_refresh_at, expires_at)
       SELECT id, user_id, $2, external_account_id, access_token, refresh_token, 'Bearer', '{profile}', next_refresh_at, expires_at
       FROM jsonb_to_recordset($1::jsonb) AS r(id uuid, user_id text, external_account_id text, access_token text,
         refresh_token text, next_refresh_at timestamptz, expires_at timestamptz)`,
      [JSON.stringify(rows), provider],
    );
  }
  await ground.pool.query("VACUUM ANALYZE connections");
  return seeded;
}
