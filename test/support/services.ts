import { randomBytes } from "node:crypto";
import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { migrate } from "@evertoken/database";
import { type LocalServer, startPostgres, startRedis } from "@evertoken/local";
import { Redis } from "ioredis";
import { Client } from "pg";
import { inject } from "vitest";

/** Run when the file ends, the last one first. */
const cleanups: (() => Promise<unknown>)[] = [];

export function onFileEnd(cleanup: () => Promise<unknown>): void {
  cleanups.push(cleanup);
}

export async function runCleanups(): Promise<void> {
  for (let cleanup = cleanups.pop(); cleanup; cleanup = cleanups.pop()) await cleanup();
}

/** A fresh, migrated database for this file, dropped at its end whoever is still connected. */
export function createDatabase(): Promise<{ url: string }> {
  return copyDatabase("evertoken");
}

/** One that no migration has seen. */
export function createEmptyDatabase(): Promise<{ url: string }> {
  return copyDatabase("template1");
}

async function copyDatabase(template: string): Promise<{ url: string }> {
  const name = `test_${randomBytes(6).toString("hex")}`;
  await asAdministrator(`CREATE DATABASE ${name} TEMPLATE ${template} ${inject("services").copying}`);
  onFileEnd(() => asAdministrator(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`));
  return { url: addressOf(inject("services").postgresUrl, name) };
}

/** The address of a Redis database that is this file's alone and empty. Never FLUSHALL there: use `startOwnRedis`. */
export async function createRedis(): Promise<{ url: string }> {
  const { redisUrl } = inject("services");
  const redis = new Redis(redisUrl);
  const index = 1 + ((await redis.incr("next-database")) % 1023);
  await redis.select(index);
  await redis.flushdb();
  onFileEnd(async () => {
    await redis.flushdb();
    redis.disconnect();
  });
  return { url: addressOf(redisUrl, String(index)) };
}

/** For tests that share one Redis database on purpose: a prefix for queues and keys that nobody else has. */
export function redisPrefix(): string {
  return `test-${randomBytes(6).toString("hex")}`;
}

/** A Postgres of this file's own, to be killed, restarted and suspended at will; migrated. */
export async function startOwnPostgres(settings: Record<string, string> = {}): Promise<LocalServer> {
  const dataDir = join(await temporaryDirectory(), "postgres");
  const server = await startPostgres({ dataDir, settings: { fsync: "off", ...settings } });
  onFileEnd(() => server.stop());
  await migrate(server.url);
  return server;
}

/** A Redis of this file's own, with the settings of deploy/redis.conf unless told otherwise. */
export async function startOwnRedis(conf: Record<string, string> = {}): Promise<LocalServer> {
  const server = await startRedis({ dataDir: join(await temporaryDirectory(), "redis"), conf });
  onFileEnd(() => server.stop());
  return server;
}

/** Gone when the file ends; a server that runs as another user can get in. */
export async function temporaryDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "evertoken-test-"));
  await chmod(directory, 0o755);
  onFileEnd(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

async function asAdministrator(sql: string): Promise<void> {
  // Not the template itself: a database cannot be copied while somebody is connected to it.
  const client = new Client({ connectionString: addressOf(inject("services").postgresUrl, "postgres") });
  await client.connect();
  await client.query(sql).finally(() => client.end());
}

function addressOf(url: string, database: string): string {
  const address = new URL(url);
  address.pathname = `/${database}`;
  return address.href;
}
