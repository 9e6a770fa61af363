import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { startPostgres, startRedis } from "@evertoken/local";
import { Redis } from "ioredis";
import { Client } from "pg";
import { expect, test } from "vitest";
import { onFileEnd, temporaryDirectory } from "../support/services.ts";

const ownerMain = fileURLToPath(new URL("../support/services-owner-main.ts", import.meta.url));

async function startOwner(directory: string) {
  const child = spawn(process.execPath, [ownerMain, directory], { stdio: ["ignore", "pipe", "inherit"] });
  onFileEnd(async () => child.kill("SIGKILL"));
  const [line] = (await once(child.stdout, "data")) as [Buffer];
  const [postgresUrl = "", redisUrl = ""] = JSON.parse(line.toString()) as string[];
  return { child, postgresUrl, redisUrl };
}

async function query(url: string, sql: string): Promise<unknown[]> {
  const client = new Client({ connectionString: url });
  client.on("error", () => undefined);
  await client.connect();
  return client
    .query(sql)
    .then(({ rows }) => rows)
    .finally(() => client.end());
}

test("a data directory in use is refused; after a kill -9 of its owner it is taken over with all data", async () => {
  const directory = await temporaryDirectory();
  const owner = await startOwner(directory);
  await query(owner.postgresUrl, "CREATE TABLE kept AS SELECT 7 AS value");
  const ownersRedis = new Redis(owner.redisUrl);
  await ownersRedis.set("key", "value");
  ownersRedis.disconnect();

  const inUse = { code: "data_dir_in_use", message: expect.stringContaining(String(owner.child.pid)) };
  await expect(startPostgres({ dataDir: `${directory}/postgres` })).rejects.toMatchObject(inUse);
  await expect(startRedis({ dataDir: `${directory}/redis` })).rejects.toMatchObject(inUse);

  const died = once(owner.child, "exit");
  owner.child.kill("SIGKILL");
  await died;

  const postgres = await startPostgres({ dataDir: `${directory}/postgres` });
  onFileEnd(() => postgres.stop());
  const redis = await startRedis({ dataDir: `${directory}/redis` });
  onFileEnd(() => redis.stop());
  expect(await query(postgres.url, "SELECT value FROM kept")).toEqual([{ value: 7 }]);
  await expect(query(owner.postgresUrl, "SELECT 1")).rejects.toThrow(/ECONNREFUSED/);
  const client = new Redis(redis.url);
  expect(await client.get("key")).toBe("value");
  client.disconnect();
});

test("a postmaster.pid whose process id somebody else has now is no obstacle", async () => {
  const dataDir = `${await temporaryDirectory()}/postgres`;
  const first = await startPostgres({ dataDir });
  const pidFile = await readFile(`${dataDir}/postmaster.pid`, "utf8");
  await first.kill("SIGKILL");
  await writeFile(`${dataDir}/postmaster.pid`, pidFile.replace(/^\d+/, String(process.pid)));
  await first.restart();
  expect(await query(first.url, "SELECT 1 AS one")).toEqual([{ one: 1 }]);
  await first.stop();
});
