import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { startRedis } from "@evertoken/local";
import { Redis } from "ioredis";
import { Client } from "pg";
import { expect, test } from "vitest";
import {
  createDatabase,
  createRedis,
  onFileEnd,
  startOwnPostgres,
  startOwnRedis,
  temporaryDirectory,
} from "../support/services.ts";
import { endLeftProcesses } from "../support/services-leaks.ts";

async function query(url: string, sql: string): Promise<unknown[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  return client
    .query(sql)
    .then(({ rows }) => rows)
    .finally(() => client.end());
}

test("databases are migrated and apart", async () => {
  const [one, other] = await Promise.all([createDatabase(), createDatabase()]);
  await query(one.url, "CREATE TABLE only_here ()");
  expect(await query(one.url, "SELECT FROM connections")).toEqual([]);
  await expect(query(other.url, "SELECT FROM only_here")).rejects.toThrow("does not exist");
});

test("Redis databases are apart", async () => {
  const [one, other] = (await Promise.all([createRedis(), createRedis()])).map(({ url }) => new Redis(url));
  await one?.set("key", "value");
  expect(await other?.get("key")).toBeNull();
  one?.disconnect();
  other?.disconnect();
});

test("Postgres keeps address and commits over kill -9", async () => {
  const server = await startOwnPostgres();
  await query(server.url, "CREATE TABLE kept ()");
  await server.kill("SIGKILL");
  expect(server.pid).toBeUndefined();
  await server.restart();
  expect(await query(server.url, "SELECT FROM kept")).toEqual([]);
});

test("Redis has our settings, and keeps its keys over a restart", async () => {
  const server = await startOwnRedis({ appendfsync: "always" });
  const redis = new Redis(server.url, { maxRetriesPerRequest: null });
  redis.on("error", () => undefined);
  expect(await redis.config("GET", "maxmemory-policy")).toEqual(["maxmemory-policy", "noeviction"]);
  await redis.set("key", "value");
  await server.kill("SIGKILL");
  await server.restart();
  expect(await redis.get("key")).toBe("value");
  redis.disconnect();
});

test("Redis with a password takes commands from nobody without it, and no argument shows it", async () => {
  const server = await startRedis({ dataDir: join(await temporaryDirectory(), "redis"), password: "a-pass_word" });
  onFileEnd(() => server.stop());
  const stranger = new Redis(server.port, { lazyConnect: true, retryStrategy: () => null });
  stranger.on("error", () => {});
  await expect(stranger.get("x")).rejects.toThrow("NOAUTH");
  stranger.disconnect();
  const ours = new Redis(server.url);
  expect(await ours.set("x", "1")).toBe("OK");
  ours.disconnect();
  expect(readFileSync(`/proc/${server.pid}/cmdline`, "utf8")).not.toContain("a-pass_word");
});

test("a process that is left running is found and ended", async () => {
  const marker = randomUUID();
  const child = spawn("sleep", ["600"], { detached: true, env: { ...process.env, MARK: marker } });
  const ended = new Promise((resolve) => child.once("exit", (_code, signal) => resolve(signal)));
  expect(await endLeftProcesses(marker)).toEqual([expect.stringContaining("sleep 600")]);
  expect(await ended).toBe("SIGKILL");
});
