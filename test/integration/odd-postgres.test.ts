import { migrationNames } from "@evertoken/database";
import { createEvertoken } from "@evertoken/engine";
import { expect, test } from "vitest";
import { runInProcess } from "../e2e/evertoken-command.ts";
import type { AppName } from "../support/app-process.ts";
import { hasPgBouncer, startPgBouncer } from "../support/pgbouncer.ts";
import { createRig, type Env, hasty, type Rig, until } from "../support/rig.ts";
import { createDatabase, createEmptyDatabase, onFileEnd } from "../support/services.ts";

const secrets: Env = {
  EVERTOKEN_API_KEY: "k".repeat(40),
  DASHBOARD_PASSWORD: "a long password",
};
const apps: readonly AppName[] = ["worker", "scheduler", "api", "dashboard"];
const input = { userId: "u", provider: "acme", accessToken: "a", refreshToken: "r" };

/** Every process ends with 1 and this reason. */
async function refuse(rig: Rig, reason: string, env: Env = {}, asked = apps) {
  await Promise.all(
    asked.map((app) =>
      expect(rig.start(app, { ...secrets, ...env })).rejects.toThrow(new RegExp(`ended with 1[\\s\\S]*${reason}`)),
    ),
  );
}

function clientOf(env: Env) {
  const client = createEvertoken({ settings: env });
  onFileEnd(() => client.close());
  return client;
}

async function doctor(rig: Rig, env: Env = {}) {
  const { stdout } = await runInProcess(["doctor", "--json"], { env: { ...rig.env, ...env } });
  const { findings } = JSON.parse(stdout) as {
    findings: { check: string; result: string; detail: string; advice: string }[];
  };
  return findings.filter(({ result }) => result === "fail");
}

const at = (url: string, changes: Partial<Pick<URL, "username" | "password" | "pathname">>) => ({
  DATABASE_URL: Object.assign(new URL(url), changes).href,
});

test("a database that was never migrated is named by every process, command and call", async () => {
  const rig = await createRig({ databaseUrl: (await createEmptyDatabase()).url });
  await refuse(rig, "has not been migrated to this version: run `evertoken migrate`");
  const client = clientOf(rig.env);
  const named = { code: "store_unavailable", message: expect.stringContaining("run `evertoken migrate`") };
  await expect(client.connections.import(input)).rejects.toMatchObject(named);
  await expect(client.getAccessToken({ userId: "u", provider: "acme" })).rejects.toMatchObject(named);
  await expect(client.connections.list()).rejects.toMatchObject(named);
  for (const args of [["status"], ["connections", "list"], ["refresh", "--all"], ["keys", "list"]]) {
    const { code, stderr } = await runInProcess(args, { env: rig.env });
    expect({ args, code, stderr }).toEqual({ args, code: 1, stderr: expect.stringContaining("evertoken migrate") });
    expect(stderr).not.toContain("does not answer");
  }
});

test("one that lacks a migration is refused, one of a later version is not", async () => {
  const rig = await createRig();
  const last = (await migrationNames()).at(-1) as string;
  await rig.pool.query("DELETE FROM _prisma_migrations WHERE migration_name = $1", [last]);
  await refuse(rig, `it lacks ${last}`, {}, ["scheduler", "api"]);
  await expect(clientOf(rig.env).connections.import(input)).rejects.toMatchObject({
    message: expect.stringContaining(last),
  });
  await rig.pool.query(
    `INSERT INTO _prisma_migrations (id, checksum, migration_name, finished_at) VALUES ('1', '', $1, now()), ('2', '', '29991231_later', now())`,
    [last],
  );
  const worker = await rig.start("worker");
  expect(worker.output()).toContain("the database is of a later version");
  expect(await worker.stop()).toBe(0);
});

test("a wrong user, a wrong name, a missing right and a server that takes no writes are named as such", async () => {
  const rig = await createRig();
  const { DATABASE_URL: url = "" } = rig.env;
  const name = new URL(url).pathname.slice(1);
  await rig.pool.query(`CREATE ROLE reader_${name} LOGIN PASSWORD 'reader'`);
  onFileEnd(() => rig.pool.query(`DROP OWNED BY reader_${name}; DROP ROLE reader_${name}`));
  await rig.pool.query(`GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader_${name}`);
  const reader = at(url, { username: `reader_${name}`, password: "reader" });
  const odd: readonly (readonly [Env, string])[] = [
    [at(url, { password: "wrong" }), "Postgres refuses the user or the password"],
    [at(url, { pathname: "/nowhere" }), "there is no such database"],
    [reader, "the Postgres user may not do what is needed"],
  ];
  for (const [index, [env, reason]] of odd.entries()) {
    await refuse(rig, reason, env, apps.slice(index, index + 1));
    await expect(clientOf({ ...rig.env, ...env }).connections.import(input)).rejects.toMatchObject({
      code: "store_unavailable",
      message: expect.stringContaining(reason),
    });
    expect(JSON.stringify(await doctor(rig, env))).toContain(reason);
  }
  await rig.pool.query(`ALTER DATABASE ${name} SET default_transaction_read_only = on`);
  await refuse(rig, "Postgres takes no writes", {}, ["dashboard"]);
});

test("what runs while its tables go says what is missing", async () => {
  const rig = await createRig();
  const api = await rig.start("api", secrets);
  await rig.pool.query("ALTER TABLE connections RENAME TO gone");
  const ready = await fetch(`http://127.0.0.1:${api.port}/readyz`);
  expect(await ready.json()).toMatchObject({ ready: false, checks: { postgres: "is not migrated" } });
  const headers = { authorization: `Bearer ${secrets.EVERTOKEN_API_KEY}` };
  const answer = await fetch(`http://127.0.0.1:${api.port}/v1/connections`, { headers });
  expect({ status: answer.status, body: await answer.text() }).toEqual({
    status: 503,
    body: expect.stringContaining("evertoken migrate"),
  });
});

if (!hasPgBouncer) console.warn("pgbouncer is not installed: what a pooler does is not tested");

test.runIf(hasPgBouncer)(
  "PgBouncer in transaction mode is found at the start, and DATABASE_PREPARED=false makes all go well",
  async () => {
    const { url } = await createDatabase();
    const pooled = await startPgBouncer(url);
    const rig = await createRig({ databaseUrl: url, env: hasty });
    await refuse(rig, "set DATABASE_PREPARED=false", { DATABASE_URL: pooled }, ["worker", "api"]);
    expect(await doctor(rig, { DATABASE_URL: pooled })).toMatchObject([
      { check: "pooler", advice: expect.stringContaining("DATABASE_PREPARED=false") },
    ]);

    const env = { DATABASE_URL: pooled, DATABASE_PREPARED: "false" };
    const worker = await rig.start("worker", env);
    const scheduler = await rig.start("scheduler", env);
    const api = await rig.start("api", { ...secrets, ...env });
    const client = clientOf({ ...rig.env, ...env });
    const connections = await Promise.all(Array.from({ length: 20 }, () => rig.connect()));
    await Promise.all(connections.map(({ id }) => client.scheduleNow(id)));
    await Promise.all(
      connections.map(({ id }) => until("it is refreshed", async () => (await rig.row(id)).generation === 2)),
    );
    const all = await Promise.all(connections.map(({ id }) => client.refresh(id)));
    expect(new Set(all.map(({ generation }) => generation))).toEqual(new Set([3]));
    expect(await client.connections.list({ limit: 5 })).toHaveLength(5);
    const headers = { authorization: `Bearer ${secrets.EVERTOKEN_API_KEY}` };
    const answers = await Promise.all(
      connections.map(({ id }) => fetch(`http://127.0.0.1:${api.port}/v1/connections/${id}/token`, { headers })),
    );
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    expect(await doctor(rig, env)).toEqual([]);
    expect(await rig.server.summary()).toMatchObject({ requests: 40, granted: 40 });
    for (const app of [worker, scheduler, api]) {
      expect(app.lines().filter(({ level }) => Number(level) >= 50)).toEqual([]);
      expect(await app.stop()).toBe(0);
    }
  },
);
