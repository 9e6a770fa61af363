import { chmod, mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { migrate } from "@evertoken/database";
import { endAbandonedServer, startPostgres, startRedis } from "@evertoken/local";
import { Client } from "pg";
import type { TestProject } from "vitest/node";
import { bundlePrograms } from "./programs.ts";

/** What a test file gets to know; `services.ts` turns it into databases. */
export type Services = {
  postgresUrl: string;
  redisUrl: string;
  /** How `CREATE DATABASE` is to copy: files cost a third of what pages through the log do. */
  copying: "" | "STRATEGY file_copy";
};

declare module "vitest" {
  interface ProvidedContext {
    services: Services;
  }
}

type Running = { services: Services; stop: () => Promise<void> };
const directoryPrefix = "evertoken-test-";

/** One Postgres and one Redis for all files of the run. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const { services, stop } = await start();
  project.provide("services", services);
  return stop;
}

async function start(): Promise<Running> {
  await removeAbandoned();
  const directory = await mkdtemp(join(tmpdir(), directoryPrefix));
  // As root, Postgres runs as another user, who has to get in.
  await chmod(directory, 0o755);
  // Processes are killed here, machines are not: without fsync a commit survives the former, and is quick.
  // Several files at once, each with processes that have pools of their own.
  const settings = { fsync: "off", full_page_writes: "off", max_connections: "500" };
  const conf = { databases: "1024", appendonly: "no" };
  const cleanups = [() => rm(directory, { recursive: true, force: true })];
  const stop = async () => {
    for (let cleanup = cleanups.pop(); cleanup; cleanup = cleanups.pop()) await cleanup();
  };
  try {
    const { TEST_POSTGRES: programs } = process.env;
    const postgres = await startPostgres({
      ...{ dataDir: join(directory, "postgres"), settings },
      ...(programs !== undefined && { programs }),
    });
    cleanups.push(() => postgres.stop());
    const redis = await startRedis({ dataDir: join(directory, "redis"), conf, onLine: console.log });
    cleanups.push(() => redis.stop());
    const [removeBundles, copying] = await Promise.all([
      bundlePrograms(),
      copyingOf(postgres.url),
      migrate(postgres.url),
    ]);
    cleanups.push(removeBundles);
    return { services: { postgresUrl: postgres.url, redisUrl: redis.url, copying }, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Before Postgres 15 there was nothing to choose: it copied files. */
async function copyingOf(url: string): Promise<Services["copying"]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  const { rows } = await client.query("SELECT current_setting('server_version_num')::int >= 150000 AS chooses");
  await client.end();
  return rows[0].chooses ? "STRATEGY file_copy" : "";
}

/** Ends what an earlier run left behind that was killed. */
async function removeAbandoned(): Promise<void> {
  const names = (await readdir(tmpdir())).filter((name) => name.startsWith(directoryPrefix));
  for (const directory of names.map((name) => join(tmpdir(), name))) {
    const ended = await Promise.all(["postgres", "redis"].map((name) => endAbandonedServer(join(directory, name))));
    if (ended.includes("ended") && !ended.includes("owned")) await rm(directory, { recursive: true, force: true });
  }
}
