import { hostname, userInfo } from "node:os";
import { createEvertoken, createSyncWorker, type Evertoken } from "@evertoken/engine";
import { beforeAll, expect, test, vi } from "vitest";
import { publicUrl, redirectUri, returnUrl } from "../support/connect-rig.ts";
import { engineOf } from "../support/engine-of.ts";
import { createRig, type Rig, until } from "../support/rig.ts";
import { onFileEnd } from "../support/services.ts";
import { startTokenServer } from "../support/token-server.ts";

const who = { actor: `app:${userInfo().username}`, address: `${hostname()}:${process.pid}` };
const nobody = "00000000-0000-4000-8000-000000000000";

let rig: Rig;
beforeAll(async () => {
  const server = await startTokenServer();
  const connecting = { ACME_AUTHORIZE_URL: server.authorizeUrl, ACME_SCOPES: "profile", PUBLIC_URL: publicUrl };
  rig = await createRig({ server, env: { ...connecting, RETURN_URL_ALLOWLIST: "https://app.example" } });
});

async function entriesAfter<T>(task: () => Promise<T>): Promise<{ entries: object[]; result: T | null }> {
  const before = (await rig.pool.query("SELECT coalesce(max(id), 0) AS id FROM audit_log")).rows[0].id;
  const result = await task().catch(() => null);
  const { rows } = await rig.pool.query(
    "SELECT actor, address, action, connection_id, detail FROM audit_log WHERE id > $1 ORDER BY id",
    [before],
  );
  return { entries: rows, result };
}

/** `connections.import`, and so on. */
function methodsOf(of: object, path = ""): string[] {
  return Object.entries(of).flatMap(([name, value]) =>
    typeof value === "function" ? [`${path}${name}`] : methodsOf(value, `${path}${name}.`),
  );
}

const silent = ["tokenStatus", "health", "connections.list", "connections.get", "connections.log", "close"];
const counted = ["getAccessToken", "withAccessToken"];

test("each method of the library that changes something writes who did what; none is left out", async () => {
  const { id } = await rig.connect();
  const flow = { userId: "u", provider: "acme", returnUrl, redirectUri, binding: "of the session of u" };
  const row = { userId: "u", provider: "acme", externalAccountId: "x", accessToken: "a", refreshToken: "r-1" };
  const { client } = rig;
  const changing: Record<string, [action: string, call: () => Promise<unknown>]> = {
    refresh: ["connection.refreshed", () => client.refresh(id, { force: true })],
    scheduleNow: ["connection.scheduled", () => client.scheduleNow(id)],
    scheduleNextRefresh: ["connection.scheduled", () => client.scheduleNextRefresh(id)],
    refreshAllExpiring: ["connections.refreshed", () => client.refreshAllExpiring({ dryRun: true })],
    sync: ["sync.requested", () => client.sync(id)],
    "connect.authorize": ["connect.begun", () => client.connect.authorize(flow)],
    "connect.complete": ["connect.completed", () => client.connect.complete({ state: "x", code: "x" })],
    "connect.confirm": ["connect.confirmed", () => client.connect.confirm("confirmation=x", { userId: "u" })],
    "connect.link": ["connect.link_made", () => client.connect.link({ userId: "u" })],
    "connect.endSessions": ["connect.sessions_ended", () => client.connect.endSessions("u")],
    "connections.import": ["connection.imported", () => client.connections.import(row)],
    "connections.update": ["connection.tagged", () => client.connections.update(id, { addTags: ["x"] })],
    "connections.disconnect": ["connection.disconnected", () => client.connections.disconnect(id)],
  };
  expect(methodsOf(client).sort()).toEqual([...silent, ...counted, ...Object.keys(changing)].sort());
  for (const [method, [action, call]] of Object.entries(changing)) {
    const { entries, result } = await entriesAfter(call);
    expect(result, method).not.toBeNull();
    expect(entries, method).toMatchObject([{ ...who, action }]);
  }
});

/** An app of its own: what it has counted is written when it closes. */
async function closing(use: (app: Evertoken) => Promise<unknown>) {
  const app = createEvertoken({ settings: rig.env });
  return entriesAfter(async () => {
    await use(app);
    const { rows } = await rig.pool.query("SELECT count(*)::int AS n FROM audit_log WHERE detail ? 'count'");
    await app.close();
    return rows[0].n as number;
  });
}

test("a thousand reads are one row for each generation, written when the app closes, and none before", async () => {
  const { id } = await rig.connect();
  const { entries, result } = await closing(async (app) => {
    await Promise.all(Array.from({ length: 1000 }, () => app.getAccessToken(id)));
    await app.withAccessToken(id, async () => ({ status: 200 }));
    await app.refresh(id, { force: true });
    await app.getAccessToken(id);
    for (let n = 0; n < 3; n++) await app.getAccessToken(nobody).catch(() => {});
    await app.withAccessToken({ userId: "nobody", provider: "acme" }, async () => {}).catch(() => {});
  });
  expect(result).toBe(0);
  const read = { ...who, action: "token.read" };
  expect(entries).toMatchObject([
    { ...who, action: "connection.refreshed", detail: { generation: 2 } },
    { ...read, connection_id: id, detail: { generation: 1, count: 1001, since: expect.any(String) } },
    { ...read, connection_id: id, detail: { generation: 2, count: 1 } },
    { ...read, connection_id: nobody, detail: { failed: "connection_not_found", count: 3 } },
    { ...read, connection_id: null, detail: { failed: "connection_not_found", count: 1 } },
  ]);
});

test("what fails all the time is counted, and what Postgres cannot hold stops nothing else", async () => {
  const { id } = await rig.connect();
  const { entries } = await closing(async (app) => {
    for (let n = 0; n < 5; n++) await app.connections.disconnect(nobody).catch(() => {});
    for (let n = 0; n < 2; n++) await app.connect.authorize({ provider: "a\0b" } as never).catch(() => {});
    await app.getAccessToken(id);
  });
  expect(entries).toMatchObject([
    { action: "connection.disconnected", connection_id: nobody, detail: { failed: "connection_not_found", count: 5 } },
    { action: "connect.begun", detail: { provider: "?", count: 2 } },
    { action: "token.read", connection_id: id, detail: { count: 1 } },
  ]);
});

test("a token that a sync worker hands to the app's handler is counted as well", async () => {
  const { id } = await rig.connect();
  let handled = 0;
  const worker = await createSyncWorker({
    settings: rig.env,
    handlers: {
      acme: async () => {
        handled++;
      },
    },
  });
  const { entries } = await entriesAfter(async () => {
    await rig.client.sync(id);
    await until("it is synced", async () => handled === 1);
    await worker.close();
  });
  expect(entries).toContainEqual(expect.objectContaining({ ...who, action: "token.read", connection_id: id }));
});

test("while the table cannot be written nothing fails, and all of it is written afterwards", async () => {
  const own = await createRig();
  const { engine, output } = engineOf(own.env);
  await own.pool.query("ALTER TABLE audit_log RENAME TO audit_log_away");
  const entry = { actor: "system", action: "odd" };
  await engine.audit.record(entry);
  for (let n = 0; n < 3; n++) engine.audit.count(entry);
  await engine.audit.flush();
  await expect(engine.audit.write(entry)).rejects.toThrow();
  expect(output()).toContain("the audit log cannot be written");
  await own.pool.query("ALTER TABLE audit_log_away RENAME TO audit_log");
  await engine.audit.flush();
  const { rows } = await own.pool.query("SELECT action, detail FROM audit_log");
  expect(rows).toMatchObject([{ action: "odd", detail: { count: 4 } }]);
});

test("refusals from more than a thousand places are counted together", async () => {
  const own = await createRig();
  const { engine } = engineOf(own.env);
  onFileEnd(() => engine.close());
  const refused = (n: number) => ({ actor: "nobody", action: "request.refused", address: `2001:db8:${n}:0` });
  for (let n = 0; n < 1500; n++) engine.audit.countRefusal(refused(n));
  engine.audit.countRefusal(refused(7));
  await engine.audit.flush();
  const { rows } = await own.pool.query(
    "SELECT count(*)::int AS rows, sum((detail->>'count')::int)::int AS counted, count(address)::int AS places FROM audit_log",
  );
  expect(rows).toEqual([{ rows: 1001, counted: 1501, places: 1000 }]);
});

test("what is counted is written when its minute is over, and not before", async () => {
  const own = await createRig();
  const { engine } = engineOf(own.env);
  const rows = async () => (await own.pool.query("SELECT detail->'count' AS n FROM audit_log")).rows.map(({ n }) => n);
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  for (let n = 0; n < 3; n++) engine.audit.count({ actor: "system", action: "odd" });
  vi.advanceTimersByTime(59_999);
  const early = vi.getTimerCount();
  vi.advanceTimersByTime(1);
  vi.useRealTimers();
  expect(early).toBe(1);
  await until("it is written", async () => (await rows()).length > 0);
  expect(await rows()).toEqual([3]);
});
