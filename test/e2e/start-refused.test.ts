import { existsSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { expect, test } from "vitest";
import { createDatabase, createRedis, onFileEnd } from "../support/services.ts";
import { emptyDirectory } from "./evertoken-command.ts";
import { home, start } from "./start-harness.ts";

test("wrong settings: all of them are named, and nothing is started", async () => {
  const cwd = await emptyDirectory();
  const refused = start(cwd, [], { ENCRYPTION_KEY: "short", LEASE_MS: "soon", DASHBOARD_PORT: "99999" });
  expect(await refused.ended()).toBe(1);
  for (const name of ["ENCRYPTION_KEY", "LEASE_MS", "DASHBOARD_PORT"]) expect(refused.output()).toContain(name);
  expect(refused.output()).not.toContain("short");
  expect(existsSync(join(cwd, ".evertoken", "postgres"))).toBe(false);
});

test("a port that was asked for and is taken", async () => {
  const somebody = createServer().listen(0, "127.0.0.1");
  onFileEnd(async () => somebody.close());
  await new Promise((resolve) => somebody.once("listening", resolve));
  const { port } = somebody.address() as AddressInfo;
  const refused = start(await emptyDirectory(), [], { DASHBOARD_PORT: String(port) });
  expect(await refused.ended()).toBe(1);
  expect(refused.output()).toContain(`DASHBOARD_PORT is ${port}, where something else listens`);
});

test("a database that does not answer is said without its password", async () => {
  const refused = start(await emptyDirectory(), [], {
    DATABASE_URL: "postgresql://user:hush@127.0.0.1:1/none",
    REDIS_URL: "redis://127.0.0.1:1",
  });
  expect(await refused.ended()).toBe(1);
  expect(refused.output()).toContain("Postgres does not answer (ECONNREFUSED)");
  expect(refused.output()).not.toContain("hush");
});

test("an app that does not start: its reason and its log are named, and all is stopped", async () => {
  const cwd = await emptyDirectory();
  const services = { DATABASE_URL: (await createDatabase()).url, REDIS_URL: (await createRedis()).url };
  const refused = start(cwd, ["--no-demo"], { ...services, DASHBOARD_PASSWORD: "short" });
  expect(await refused.ended()).toBe(1);
  expect(refused.output()).toContain("DASHBOARD_PASSWORD is too short");
  expect(refused.output()).toContain(join(".evertoken", "logs", "dashboard.log"));
  expect(readFileSync(join(cwd, ".evertoken", "logs", "dashboard.log"), "utf8")).toContain("DASHBOARD_PASSWORD");
});

test("databases of one's own are used, and their addresses are not copied into a file", async () => {
  const cwd = await emptyDirectory();
  const services = { DATABASE_URL: (await createDatabase()).url, REDIS_URL: (await createRedis()).url };
  const running = start(cwd, ["--accounts", "1"], services);
  const ready = await running.seen(({ event }) => event === "ready", 60_000);
  expect(ready.services.slice(0, 2).map(({ where }: { where: string }) => where)).toEqual([
    "yours (DATABASE_URL)",
    "yours (REDIS_URL)",
  ]);
  expect(readFileSync(join(cwd, ".evertoken", "env"), "utf8")).not.toMatch(/DATABASE_URL|REDIS_URL/);
  running.child.kill("SIGTERM");
  expect(await running.ended()).toBe(0);
});

test("interrupted before it is ready: exit code 130, nothing is left", async () => {
  const running = start(await home(), []);
  await running.seen(({ event }) => event === "note", 30_000);
  running.child.kill("SIGINT");
  expect(await running.ended()).toBe(130);
});
