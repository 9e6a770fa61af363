import { randomBytes } from "node:crypto";
import { tmpdir } from "node:os";
import { connectRedis, createLogger, patient, type RedisClient, redisAt } from "@evertoken/adapters";
import { createDashboard } from "@evertoken/dashboard";
import type { Engine } from "@evertoken/engine/internal";
import type { ConnectionLimits } from "@evertoken/operations";
import { Queue } from "bullmq";
import { openTestEngine } from "../support/connect-rig.ts";
import { createDatabase, createRedis, onFileEnd } from "../support/services.ts";

export const origin = "http://dashboard.test";
const host = "dashboard.test";

/** A Redis database of this file's own: what "changes nothing" means is compared key by key. */
export async function openRedis(): Promise<RedisClient> {
  const { url } = await createRedis();
  const redis = connectRedis(redisAt(url), patient, () => {});
  onFileEnd(async () => redis.disconnect());
  return redis;
}

const formType = { "content-type": "application/x-www-form-urlencoded" };
const queueNames = ["refresh-hubspot", "sync", "maintenance"];

/** Of no consequence where only the board is looked at; in another Redis database, so that it changes nothing there. */
async function idleEngine(): Promise<Engine> {
  const [{ url: DATABASE_URL }, { url: REDIS_URL }] = await Promise.all([createDatabase(), createRedis()]);
  return openTestEngine({
    DATABASE_URL,
    REDIS_URL,
    ENCRYPTION_KEY: randomBytes(32).toString("hex"),
    SPOOL_DIR: tmpdir(),
  }).engine;
}

export interface Changes {
  readonly loginAttempts?: number;
  readonly engine?: Engine;
  readonly session?: { readonly lifetimeMs: number; readonly idleMs: number };
  readonly openId?: Parameters<typeof createDashboard>[0]["openId"];
  readonly publicUrl?: string;
  readonly needsSecondFactor?: boolean;
  readonly connections?: ConnectionLimits;
}

/** A dashboard with a viewer and an operator, over three queues. `logged` are the lines that it wrote. */
export async function startDashboard(connection: RedisClient, changes: Changes = {}) {
  const queues = queueNames.map((name) => new Queue(name, { connection, skipMetasUpdate: true }));
  const logged: string[] = [];
  const logger = createLogger("dashboard", "trace", { write: (line: string) => logged.push(line) });
  const health = { ready: true };
  const app = await createDashboard({
    engine: changes.engine ?? (await idleEngine()),
    queues: () => queues,
    people: [
      { name: "olga", role: "operator", credential: "olga's password" },
      { name: "victor", role: "viewer", credential: "victor's password" },
    ],
    secureCookies: true,
    ready: async () => ({ ready: health.ready, checks: { redis: health.ready ? "ok" : "down" } }),
    logger,
    ...{ openId: changes.openId ?? null, publicUrl: changes.publicUrl ?? null },
    needsSecondFactor: changes.needsSecondFactor ?? false,
    ...(changes.connections === undefined ? {} : { connections: changes.connections }),
    ...(changes.session === undefined ? {} : { session: changes.session }),
    loginAttemptsPerMinute: changes.loginAttempts ?? 1000,
  });

  async function login(name: string, password = `${name}'s password`, headers: Record<string, string> = { origin }) {
    return app.inject({
      method: "POST",
      url: "/login",
      headers: { host, "content-type": "application/x-www-form-urlencoded", ...headers },
      payload: new URLSearchParams({ name, password }).toString(),
    });
  }

  /** A browser of that user: sends the cookie, and the origin with all that changes something. */
  async function browserOf(name: string) {
    const cookie = `${(await login(name)).headers["set-cookie"]}`.split(";", 1)[0] ?? "";
    return (
      method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE",
      url: string,
      headers: Record<string, string> = { origin },
      form?: Record<string, string> | URLSearchParams,
    ) =>
      app.inject({
        method,
        url,
        headers: { host, cookie, ...headers, ...(form === undefined ? {} : formType) },
        ...(method === "PATCH" ? { payload: {} } : {}),
        ...(form === undefined ? {} : { payload: new URLSearchParams(form).toString() }),
      });
  }

  return {
    app,
    queues,
    logged,
    health,
    login,
    browserOf,
    async close() {
      await app.close();
      await Promise.all(queues.map((queue) => queue.close()));
    },
  };
}

/** A replica over the databases of this engine. */
export async function startReplica(engine: Engine, changes: Changes = {}) {
  const dashboard = await startDashboard(await openRedis(), { engine, ...changes });
  onFileEnd(() => dashboard.close());
  return dashboard;
}
