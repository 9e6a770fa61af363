import { beforeAll, expect, test } from "vitest";
import { until } from "../support/rig.ts";
import { type Api, startApi } from "./api-harness.ts";

let api: Api;
beforeAll(async () => {
  api = await startApi();
});

test("without a key, with another scheme or with a key that nobody made there is nothing", async () => {
  const none = await api.refused("GET /v1/connections", 401, "no_key", { key: null });
  expect(none.headers.get("www-authenticate")).toBe('Bearer realm="evertoken"');
  const basic = { authorization: `Basic ${btoa("operator:evk_x")}` };
  await api.refused("GET /v1/connections", 401, "no_key", { key: null, headers: basic });
  const wrong = await api.refused("GET /v1/connections", 401, "wrong_key", { key: `evk_${"a".repeat(43)}` });
  expect(wrong.headers.get("www-authenticate")).toContain("invalid_token");
});

test("a key is shown once, kept as a hash, and says when it was used", async () => {
  const { id, key } = await api.makeKey("connections:read");
  expect(key).toMatch(/^evk_[\w-]{43}$/);
  const { rows } = await api.rig.pool.query("SELECT * FROM api_keys WHERE id = $1", [id]);
  expect(JSON.stringify(rows)).not.toContain(key.slice(10));
  expect(rows[0]).toMatchObject({ prefix: key.slice(0, 10), last_used_at: null });
  expect((await api.ask("GET /v1/connections", { key })).status).toBe(200);
  const { body, text } = await api.ask("GET /v1/api-keys");
  expect(body.data.find((one: { id: string }) => one.id === id)).toMatchObject({ last_used_at: expect.any(String) });
  expect(text).not.toContain(key.slice(10));
  expect(text).not.toContain(rows[0].key_hash);
});

test("a key does what its scopes say and no more", async () => {
  const keys = {
    tokens: (await api.makeKey("tokens:read")).key,
    read: (await api.makeKey("connections:read")).key,
    write: (await api.makeKey("connections:write")).key,
    admin: (await api.makeKey("admin")).key,
  };
  const id = "5f532bbc-3930-4625-a4c6-74055d25eb37";
  const table: [string, (keyof typeof keys)[]][] = [
    [`GET /v1/connections/${id}/token`, ["tokens", "admin"]],
    ["GET /v1/users/u/providers/acme/token", ["tokens", "admin"]],
    ["GET /v1/connections", ["read", "write", "admin"]],
    [`GET /v1/connections/${id}`, ["read", "write", "admin"]],
    ["GET /v1/providers", ["read", "write", "admin"]],
    [`DELETE /v1/connections/${id}`, ["write", "admin"]],
    [`POST /v1/connections/${id}/refresh`, ["write", "admin"]],
    ["GET /v1/api-keys", ["admin"]],
    ["GET /v1/audit", ["admin"]],
    ["GET /v1/registrations", ["admin"]],
    ["GET /v1/webhooks", ["admin"]],
  ];
  for (const [what, allowed] of table) {
    for (const [name, key] of Object.entries(keys) as [keyof typeof keys, string][]) {
      if (!allowed.includes(name)) await api.refused(what, 403, "insufficient_key_scope", { key });
      else expect([200, 404], `${what} with ${name}`).toContain((await api.ask(what, { key })).status);
    }
  }
});

test("a revoked key is refused at once, and in another process within a second", async () => {
  const other = await api.rig.start("api");
  const { id, key } = await api.makeKey("connections:read");
  const elsewhere = () =>
    fetch(`http://127.0.0.1:${other.port}/v1/connections`, { headers: { authorization: `Bearer ${key}` } });
  expect((await api.ask("GET /v1/connections", { key })).status).toBe(200);
  expect((await elsewhere()).status).toBe(200);
  const revoked = await api.ask(`DELETE /v1/api-keys/${id}`);
  expect(revoked).toMatchObject({ status: 200, body: { id, revoked_at: expect.any(String) } });
  await api.refused("GET /v1/connections", 401, "wrong_key", { key });
  await until("the other process knows it", async () => (await elsewhere()).status === 401, 3000);
  const { body } = await api.ask("GET /v1/audit");
  expect(body.data.map(({ action }: { action: string }) => action)).toEqual(
    expect.arrayContaining(["api_key.created", "api_key.revoked"]),
  );
  await api.refused(`DELETE /v1/api-keys/${crypto.randomUUID()}`, 404, "not_found");
  await other.stop();
});

test("who guesses keys is stopped by address, and a key that worked there goes on working", async () => {
  const own = await startApi({}, { API_FAILED_KEYS_PER_MINUTE: "5" });
  const { key: known } = await own.makeKey("connections:read");
  const { key: fresh } = await own.makeKey("connections:read");
  expect((await own.ask("GET /v1/connections", { key: known })).status).toBe(200);
  const guesses = Array.from({ length: 12 }, (_, index) => `evk_${String(index).padStart(43, "x")}`);
  const statuses: number[] = [];
  for (const key of guesses) statuses.push((await own.ask("GET /v1/connections", { key })).status);
  expect(statuses).toEqual([401, 401, 401, 401, 401, 429, 429, 429, 429, 429, 429, 429]);
  const { headers } = await own.refused("GET /v1/connections", 429, "too_many_requests", { key: fresh });
  expect(Number(headers.get("retry-after"))).toBeGreaterThan(0);
  expect((await own.ask("GET /v1/connections", { key: known })).status).toBe(200);
});

test("requests are limited per key", async () => {
  const own = await startApi({}, { API_REQUESTS_PER_MINUTE: "5" });
  const { key } = await own.makeKey("connections:read");
  for (let i = 0; i < 5; i++) expect((await own.ask("GET /v1/connections", { key })).status).toBe(200);
  await own.refused("GET /v1/connections", 429, "too_many_requests", { key });
  expect((await own.ask("GET /v1/connections")).status).toBe(200);
});

test("a bootstrap key that is too short stops the start", async () => {
  await expect(api.rig.start("api", { EVERTOKEN_API_KEY: "short" })).rejects.toThrow(/EVERTOKEN_API_KEY needs 32/);
});

test("wrong names and scopes of keys are refused", async () => {
  for (const body of [
    {},
    { name: "", scopes: ["admin"] },
    { name: "x", scopes: [] },
    { name: "x", scopes: ["root"] },
  ]) {
    await api.refused("POST /v1/api-keys", 400, "invalid_request", { body });
  }
});

test("no key stands in the log", () => {
  expect(api.app.output()).not.toMatch(/evk_/);
  expect(api.app.output()).not.toContain(api.adminKey);
});
