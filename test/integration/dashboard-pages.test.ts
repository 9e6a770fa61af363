import { beforeAll, expect, test } from "vitest";
import { createDashboardRig, type DashboardRig, page } from "./dashboard-rig.ts";

let rig: DashboardRig;
beforeAll(async () => {
  rig = await createDashboardRig({
    ACME_CLIENT_SECRET: "client-secret",
    EVERTOKEN_API_KEY: "canary-of-the-first-key-0123456789abcdef",
    LOG_LEVEL: "warn",
    APP_NAME: "<Acme>",
  });
});

const formTokenIn = (body: string) => /name="form_token" value="([^"]+)"/.exec(body)?.[1] ?? "";

test("settings say what counts, what is default, and nothing of a secret", async () => {
  await rig.pool.query(
    `INSERT INTO processes (id, name, key_ids, version) VALUES ('far:7:abc', 'worker', '{none}', '0.0.1'), ('gone:8:abc', 'worker', '{none}', NULL)`,
  );
  await rig.pool.query("UPDATE processes SET seen_at = now() - interval '10 minutes' WHERE id LIKE 'gone%'");
  const body = await rig.read("/settings");
  const row = (name: string) => new RegExp(`>${name}</th>(.*?)</tr>`, "s").exec(body)?.[1] ?? "";
  expect(row("LOG_LEVEL")).toMatch(/>warn<.*>set</s);
  expect(row("REFRESH_CONCURRENCY")).toMatch(/>50<.*default/s);
  expect(row("APP_NAME")).toContain("&lt;Acme&gt;");
  for (const name of ["DATABASE_URL", "REDIS_URL", "ENCRYPTION_KEY", "EVERTOKEN_API_KEY"])
    expect([name, row(name)]).toEqual([name, expect.stringContaining("set, not shown")]);
  expect(row("SMTP_URL")).toContain("not set");
  for (const secret of [rig.env.ENCRYPTION_KEY, rig.env.DATABASE_URL, rig.env.REDIS_URL, "canary", "client-secret"])
    expect(body).not.toContain(secret);
  expect(body).toMatch(/>worker<\/th>.*far.*0\.0\.1.*another.*lacks the one that encrypts/s);
  expect(body).not.toContain("gone");
  expect((await rig.viewer("GET", "/settings", page)).statusCode).toBe(200);
});

test("a user has a page, with the hash that stands in logs", async () => {
  const userId = "ada/ö & <co>?#%";
  const { id } = await rig.connect({ userId, displayName: "Ada" });
  await rig.connect({ userId });
  const own = /href="(\/user\?id=[^"]+)"/.exec(await rig.read(`/connections/${id}`))?.[1] ?? "";
  const body = await rig.read(own.replaceAll("&amp;", "&"));
  expect(body).toContain("ada/ö &amp; &lt;co&gt;?#%");
  expect(body).toContain(rig.engine.users.hash(userId));
  expect([...body.matchAll(/<th scope="row" class="any"><a href="\/connections\//g)]).toHaveLength(2);
  expect(body).toContain("Can use every connection.");
  await rig.pool.query("UPDATE connections SET expires_at = now() - interval '1 minute' WHERE id = $1", [id]);
  expect(await rig.read(own.replaceAll("&amp;", "&"))).toContain("Cannot use 1 of 2 connections now.");
  for (const [query, status] of [
    ["id=nobody", 404],
    ["", 400],
    ["id=", 400],
    ["id=%00", 400],
    ["id=a&id=b", 400],
    ["id=a&colour=red", 400],
  ] as const)
    expect([query, (await rig.viewer("GET", `/user?${query}`, page)).statusCode]).toEqual([query, status]);
});

test("a provider has a page, and its queue is paused and resumed there by operators alone", async () => {
  const body = await rig.read("/providers/acme?range=1h");
  for (const part of ["refresh-acme", "Refreshes, last 1 h", "Token lives"]) expect(body).toContain(part);
  const isPaused = () => rig.engine.queues.refreshQueue("acme").isPaused();
  const form = { form_token: formTokenIn(body) };
  expect((await rig.viewer("GET", "/providers/acme", page)).body).not.toContain("<form");
  expect((await rig.viewer("POST", "/providers/acme/pause", page, form)).statusCode).toBe(403);
  expect([(await rig.operator("POST", "/providers/acme/pause", page, form)).statusCode, await isPaused()]).toEqual([
    303,
    true,
  ]);
  expect(await rig.read("/providers/acme")).toContain("Resume its refreshes");
  expect([(await rig.operator("POST", "/providers/acme/resume", page, form)).statusCode, await isPaused()]).toEqual([
    303,
    false,
  ]);
  const { rows } = await rig.pool.query(
    "SELECT action FROM audit_log WHERE actor = 'person:olga' AND action LIKE 'queue.%' ORDER BY id",
  );
  expect(rows.map(({ action }) => action)).toEqual(["queue.paused", "queue.resumed"]);
  for (const [url, status] of [
    ["/providers/nobody", 404],
    ["/providers/acme?range=2h", 400],
    ["/providers/acme?colour=red", 400],
  ] as const)
    expect([url, (await rig.viewer("GET", url, page)).statusCode]).toEqual([url, status]);
});
