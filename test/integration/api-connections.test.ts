import { randomUUID } from "node:crypto";
import { beforeAll, expect, test } from "vitest";
import { patch } from "../support/drive.ts";
import { until } from "../support/rig.ts";
import { type Api, startApi } from "./api-harness.ts";

let api: Api;
beforeAll(async () => {
  api = await startApi({ env: { RECONNECT_URL: "https://app.example/connect/{provider}?c={connection}" } });
});

const importOf = (overrides: object = {}) => ({
  ...{ user_id: `user-${randomUUID()}`, provider: "acme", access_token: "canary-a" },
  refresh_token: `canary-${randomUUID()}`,
  ...overrides,
});

async function connect(overrides: object = {}): Promise<string> {
  const { status, body } = await api.ask("POST /v1/connections", { body: importOf(overrides) });
  expect(status).toBe(201);
  return body.id;
}

test("an imported token set is read by its id and by whose it is, and the audit log tells who read it", async () => {
  const { key, id: keyId } = await api.makeKey("tokens:read");
  const id = await connect({ user_id: "a user/ü", expires_in: 3600, scopes: ["profile"], access_token: "canary-1" });
  const { status, body, headers } = await api.ask(`GET /v1/connections/${id}/token`, { key });
  expect(status).toBe(200);
  expect(body).toEqual({
    ...{ access_token: "canary-1", token_type: "Bearer", connection_id: id, generation: 1, scopes: ["profile"] },
    ...{ refresh_at: expect.any(String), refresh_in: expect.any(Number) },
    ...{ expires_at: expect.any(String), expires_in: expect.any(Number) },
  });
  expect(body.expires_in).toBeGreaterThan(3590);
  expect(headers.get("cache-control")).toBe("no-store");
  const byUser = await api.ask(`GET /v1/users/${encodeURIComponent("a user/ü")}/providers/acme/token`, { key });
  expect(byUser.body).toMatchObject({ access_token: "canary-1", connection_id: id });
  const { body: audit } = await api.ask(`GET /v1/audit?connection_id=${id}`);
  expect(audit.data).toMatchObject([
    { actor: `key:${keyId}`, action: "token.read", connection_id: id, detail: { generation: 1, count: 2 } },
    { actor: "key:bootstrap", action: "connection.imported", address: "127.0.0.1" },
  ]);
  expect(JSON.stringify(audit)).not.toContain("canary");
});

test("an expired token is refreshed before it is handed out", async () => {
  const { id, accessToken } = await api.rig.connect();
  await patch(api.rig, id, "expires_at = now()");
  const { status, body } = await api.ask(`GET /v1/connections/${id}/token`);
  expect(status).toBe(200);
  expect(body).toMatchObject({ generation: 2, connection_id: id });
  expect(body.access_token).not.toBe(accessToken);
});

test("a token that lives too short for the caller is refreshed; one that cannot be comes with a warning", async () => {
  const { id } = await api.rig.connect();
  const longer = await api.ask(`GET /v1/connections/${id}/token?min_ttl=86400`);
  expect(longer.body).toMatchObject({ generation: 2 });
  const dead = await connect({ expires_in: 3600 });
  await patch(api.rig, dead, "status = 'needs_reauth', last_error_code = 'refresh_token_expired'");
  const { status, body } = await api.ask(`GET /v1/connections/${dead}/token`);
  expect(status).toBe(200);
  expect(body.warning).toMatchObject({ code: "refresh_token_expired" });
});

test("a dead grant answers with where the user reconnects", async () => {
  const id = await connect({ expires_at: "2020-01-01T00:00:00Z" });
  const { body } = await api.refused(`GET /v1/connections/${id}/token`, 409, "refresh_token_expired");
  expect(body.reconnect_url).toBe(`https://app.example/connect/acme?c=${id}`);
  await api.refused(`POST /v1/connections/${id}/refresh`, 409, "refresh_token_expired");
  await api.refused(`POST /v1/connections/${id}/schedule`, 409, "refresh_token_expired", { body: { when: "now" } });
});

test("connections are listed in pages and filtered", async () => {
  const user = randomUUID();
  const ids: string[] = [];
  for (const account of ["1", "2", "3"]) ids.push(await connect({ user_id: user, external_account_id: account }));
  const first = await api.ask(`GET /v1/connections?user_id=${user}&limit=2`);
  expect(first.body.data).toHaveLength(2);
  const second = await api.ask(`GET /v1/connections?user_id=${user}&limit=2&cursor=${first.body.next_cursor}`);
  expect(second.body).toMatchObject({ data: [{ user_id: user }], next_cursor: null });
  const seen = [...first.body.data, ...second.body.data].map(({ id }) => id);
  expect(seen).toEqual([...ids].sort());
  expect(JSON.stringify(first.body)).not.toMatch(/canary|access_token"/);
  const none = await api.ask(`GET /v1/connections?user_id=${user}&status=error&provider=acme`);
  expect(none.body).toEqual({ data: [], next_cursor: null });
  const soon = await api.ask(`GET /v1/connections?user_id=${user}&expires_before=2020-01-01T00:00:00Z`);
  expect(soon.body.data).toEqual([]);
  const one = await api.ask(`GET /v1/connections/${ids[0]}`);
  expect(one.body).toMatchObject({ id: ids[0], status: "connected", provider: "acme", generation: 1 });
});

test("tags are changed and found over HTTP, by keys that may, and the audit log has them", async () => {
  const id = await connect({ tags: ["gold", "eu"] });
  const changed = await api.ask(`PATCH /v1/connections/${id}`, { body: { add_tags: ["trial"], remove_tags: ["eu"] } });
  expect([changed.status, changed.body.tags]).toEqual([200, ["gold", "trial"]]);
  const found = await api.ask("GET /v1/connections?tag=trial");
  expect(found.body.data).toEqual([changed.body]);
  for (const [body, field] of [
    [{ tags: ["A"] }, "tags.0"],
    [{ add_tags: "gold" }, "add_tags"],
    [{ remove_tags: [7] }, "remove_tags.0"],
    [{ tag: ["a"] }, "tag"],
  ] as const) {
    const { body: told } = await api.refused(`PATCH /v1/connections/${id}`, 400, "invalid_request", { body });
    expect(told.errors.map((error: { field: string }) => error.field)).toEqual([field]);
  }
  await api.refused("GET /v1/connections?tag=A%20b", 400, "invalid_request");
  await api.refused(`PATCH /v1/connections/${randomUUID()}`, 404, "connection_not_found", { body: { tags: [] } });
  const reader = await api.makeKey("connections:read");
  const denied = await api.ask(`PATCH /v1/connections/${id}`, { key: reader.key, body: { tags: [] } });
  expect(denied.status).toBe(403);
  const { body: audit } = await api.ask(`GET /v1/audit?connection_id=${id}&action=connection.tagged`);
  expect(audit.data).toMatchObject([{ actor: "key:bootstrap", detail: { tags: "gold trial" } }]);
  const status = await api.ask("GET /v1/status?tag=nobody-has-it");
  expect(status.body.outages).toMatchObject({ connections: 0, customers: 0 });
});

test("refresh, log, job, status and schedule of one connection", async () => {
  const { id } = await api.rig.connect();
  const refreshed = await api.ask(`POST /v1/connections/${id}/refresh`);
  expect(refreshed).toMatchObject({ status: 200, body: { connection_id: id, generation: 2, warning: null } });
  expect(refreshed.text).not.toContain((await api.rig.client.getAccessToken(id)).accessToken);
  const log = await api.ask(`GET /v1/connections/${id}/log?limit=10`);
  expect(log.body).toMatchObject({
    data: [{ outcome: "granted", trigger: "manual", success: true }],
    next_cursor: null,
  });
  const older = await api.ask(`GET /v1/connections/${id}/log?cursor=${log.body.data[0].id}`);
  expect(older.body.data).toEqual([]);
  const job = await api.ask(`GET /v1/connections/${id}/job`);
  expect(job.body.job).toMatchObject({ id: `${id}-2`, state: "delayed", due_at: expect.any(String) });
  const status = await api.ask(`GET /v1/connections/${id}/status`);
  expect(status.body).toMatchObject({ token: "valid", status: "connected", queue: "ok", job: { id: `${id}-2` } });
  const now = await api.ask(`POST /v1/connections/${id}/schedule`, { body: { when: "now" } });
  expect(now.body).toMatchObject({ connection_id: id, generation: 2, job_id: `${id}-2` });
  expect((await api.rig.job({ id, generation: 2 }))?.state).toMatch(/^(waiting|prioritized)$/);
  const apiKey = await connect({ auth_type: "api_key" });
  const next = await api.ask(`POST /v1/connections/${apiKey}/schedule`, { body: { when: "next" } });
  expect(next.body).toEqual({ connection_id: apiKey, generation: null, job_id: null, due_at: null });
  await api.refused(`POST /v1/connections/${apiKey}/refresh`, 409, "not_refreshable");
});

test("a bulk refresh runs as a job and tells how far it is; a dry run changes nothing", async () => {
  const { rig } = api;
  await rig.pool.query("UPDATE connections SET next_refresh_at = NULL");
  const worker = await rig.start("worker");
  const { id } = await rig.connect({ expiresIn: 1800 });
  const dry = await api.ask("POST /v1/refreshes", { body: { dry_run: true, provider: "acme" } });
  expect(dry.body).toMatchObject({ id: null, state: "dry_run", total: 1, connection_ids: [id] });
  expect((await rig.row(id)).generation).toBe(1);
  const started = await api.ask("POST /v1/refreshes", { body: {} });
  expect(started).toMatchObject({ status: 202, body: { state: "waiting" } });
  expect(started.headers.get("location")).toBe(`/v1/refreshes/${started.body.id}`);
  const done = await until("the bulk refresh is over", async () => {
    const { body } = await api.ask(`GET /v1/refreshes/${started.body.id}`);
    return body.state === "completed" && body;
  });
  expect(done).toMatchObject({ total: 1, refreshed: 1, failed: 0, skipped: 0, pending: 0 });
  expect((await rig.row(id)).generation).toBe(2);
  await api.refused(`GET /v1/refreshes/${randomUUID()}`, 404, "not_found");
  await api.refused("POST /v1/refreshes", 422, "unknown_provider", { body: { provider: "nobody" } });
  expect(await worker.stop()).toBe(0);
});

test("health of a user, providers, and disconnecting", async () => {
  const user = randomUUID();
  const id = await connect({ user_id: user });
  const healthy = await api.ask(`GET /v1/users/${user}/health`);
  const line = { provider: "acme", connection_id: id, status: "connected", connected: true };
  expect(healthy.body.data).toEqual([{ ...line, healthy: true, needs_reconnect: false }]);
  const { body: providers } = await api.ask("GET /v1/providers");
  const acme = providers.data.find((one: { id: string }) => one.id === "acme");
  expect(acme).toMatchObject({ configured: true, refreshes: true, circuit: "closed" });
  const gone = await api.ask(`DELETE /v1/connections/${id}`);
  expect(gone).toMatchObject({ status: 200, body: { disconnected: true } });
  expect((await api.rig.row(id)).access_token).toBeNull();
  expect((await api.ask(`DELETE /v1/connections/${id}`)).body).toMatchObject({ disconnected: false });
  await api.refused(`GET /v1/connections/${id}/token`, 409, "disconnected");
});

test("what is not there, and what cannot be stored, is refused by field and stores nothing", async () => {
  const nobody = randomUUID();
  for (const what of ["", "/token", "/log", "/job", "/status"]) {
    await api.refused(`GET /v1/connections/${nobody}${what}`, 404, "connection_not_found");
  }
  await api.refused(`DELETE /v1/connections/${nobody}`, 404, "connection_not_found");
  await api.refused(`POST /v1/connections/${nobody}/refresh`, 404, "connection_not_found");
  await api.refused(`GET /v1/users/nobody/providers/acme/token`, 404, "connection_not_found");
  const { rows: before } = await api.rig.pool.query("SELECT count(*) FROM connections");
  const bad: [object, string, number?][] = [
    [importOf({ provider: "nobody" }), "provider", 422],
    [importOf({ access_token: "" }), "access_token"],
    [importOf({ access_token: 7 }), "access_token"],
    [importOf({ expires_in: -1 }), "expires_in"],
    [importOf({ expires_at: "soon" }), "expires_at"],
    [importOf({ user_id: "nul\0" }), "user_id"],
    [importOf({ metadata: { shop: "\ud800" } }), "metadata.shop"],
    [importOf({ scopes: "profile" }), "scopes"],
    [importOf({ surprise: 1 }), "surprise"],
    [importOf({ tags: ["ok", "Not ok"] }), "tags.1"],
    [importOf({ user_email: "nobody" }), "user_email"],
    [[], "body"],
  ];
  for (const [body, field, status = 400] of bad) {
    const code = status === 422 ? "unknown_provider" : "invalid_request";
    const { body: told } = await api.refused("POST /v1/connections", status, code, { body });
    expect(told.errors.map((error: { field: string }) => error.field)).toContain(field);
    expect(JSON.stringify(told)).not.toContain("canary");
  }
  const { rows: after } = await api.rig.pool.query("SELECT count(*) FROM connections");
  expect(after).toEqual(before);
  for (const path of ["?limit=0", "?limit=x", "?status=odd", "?cursor=x", "?expires_before=x", "?user_id=%00"]) {
    await api.refused(`GET /v1/connections${path}`, 400, "invalid_request");
  }
  const foreign = { body: importOf({ registration: "nobody" }) };
  const { body: told } = await api.refused("POST /v1/connections", 400, "invalid_input", foreign);
  expect(told.errors).toMatchObject([{ field: "registration" }]);
  await api.refused(`GET /v1/connections/${nobody}/token?min_ttl=-1`, 400, "invalid_request");
});

test("no token stands in what the processes printed", async () => {
  expect(api.app.output()).not.toContain("canary");
  expect(await api.app.stop()).toBe(0);
});
