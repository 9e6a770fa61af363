import { randomUUID } from "node:crypto";
import { connect } from "node:net";
import { beforeAll, expect, test } from "vitest";
import { createRig } from "../support/rig.ts";
import { type Api, expectProblem, startApi } from "./api-harness.ts";

let api: Api;
beforeAll(async () => {
  api = await startApi();
});

const what = "POST /v1/connections";

test("addresses that are not there, and methods that an address does not take", async () => {
  await api.refused("GET /v1/nothing", 404, "route_not_found");
  await api.refused("GET /", 404, "route_not_found", { key: null });
  const { headers } = await api.refused("PUT /v1/connections", 405, "method_not_allowed");
  expect(headers.get("allow")).toBe("GET, POST");
  const token = await api.refused("DELETE /v1/connections/x/token", 405, "method_not_allowed");
  expect(token.headers.get("allow")).toBe("GET");
  await api.refused("POST /healthz", 405, "method_not_allowed");
  await api.refused("GET /v1/connections/%E0%A4%A", 400, "invalid_request");
  await api.refused("GET /v1/connections/not-a-uuid", 400, "invalid_request");
  await api.refused("GET /v1/users/%ff%fe/health", 400, "invalid_request");
  await api.refused(`GET /v1/users/${"u".repeat(513)}/health`, 400, "invalid_request");
  await api.refused("GET /v1/users/a%00b/health", 400, "invalid_request");
});

test("bodies that cannot be read", async () => {
  await api.refused(what, 400, "malformed_body", { raw: '{"user_id": "canary' });
  await api.refused(what, 400, "malformed_body", { raw: Uint8Array.of(0x7b, 0x22, 0xff, 0xfe, 0x22, 0x7d) });
  await api.refused(what, 400, "malformed_body", { raw: '{"__proto__": {"admin": true}}' });
  await api.refused(what, 400, "malformed_body", { raw: "[".repeat(100_000) });
  await api.refused(what, 400, "invalid_request", { raw: "[[]]" });
  await api.refused(what, 400, "invalid_request");
  await api.refused(what, 413, "body_too_large", { raw: `"${"x".repeat(300_000)}"` });
  for (const type of ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "odd"]) {
    const raw = "user_id=canary";
    await api.refused(what, 415, "unsupported_media_type", { raw, headers: { "content-type": type } });
  }
});

/** Sends bytes as they are, which no client library would. */
function raw(bytes: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(api.app.port, "127.0.0.1", () => socket.write(bytes));
    let answer = "";
    socket.on("data", (chunk) => {
      answer += chunk;
    });
    socket.on("close", () => resolve(answer));
    socket.on("error", reject);
  });
}

test("a parameter that is not known is refused by name: a misspelt filter would answer more than was asked for", async () => {
  const id = randomUUID();
  for (const [ask, name] of [
    ["GET /v1/connections?userid=u", "userid"],
    [`GET /v1/connections/${id}?expand=token`, "expand"],
    ["GET /v1/audit?actor_id=x", "actor_id"],
    [`DELETE /v1/connections/${id}?dry_run=true`, "dry_run"],
    [`POST /v1/connections/${id}/refresh?force=true`, "force"],
  ] as const) {
    const { body } = await api.refused(ask, 400, "invalid_request");
    expect(body.errors).toEqual([{ field: name, reason: "is not known here" }]);
  }
});

test("what is hardly HTTP gets a problem document as well", async () => {
  const huge = await raw(`GET /v1/connections HTTP/1.1\r\nhost: x\r\nx-long: ${"a".repeat(20_000)}\r\n\r\n`);
  expect(huge).toMatch(/^HTTP\/1\.1 431 /);
  const garbage = await raw("canary garbage\r\n\r\n");
  expect(garbage).toMatch(/^HTTP\/1\.1 400 /);
  for (const answer of [huge, garbage]) {
    expect(answer).toContain("application/problem+json");
    // Without it a client takes the server for an old one.
    expect(answer).toMatch(/^evertoken-version: \d/im);
    expect(answer).not.toContain("canary");
  }
});

test("headers say that nothing is to be run, framed, guessed at or kept", async () => {
  for (const path of ["/v1/connections", "/v1/nothing", "/healthz"]) {
    const { headers } = await api.ask(`GET ${path}`);
    expect(headers.get("content-security-policy")).toContain("default-src 'none'");
    expect(headers.get("x-content-type-options")).toBe("nosniff");
    expect(headers.get("x-frame-options")).toBe("DENY");
    expect(headers.get("cache-control")).toBe("no-store");
    expect(headers.get("x-powered-by")).toBeNull();
  }
});

test("health needs no key and tells what is away; what needs only Postgres goes on without Redis", async () => {
  const { rig } = api;
  expect((await api.ask("GET /healthz", { key: null })).body).toEqual({ alive: true });
  const ready = await api.ask("GET /readyz", { key: null });
  expect(ready.body).toEqual({ ready: true, checks: { postgres: "ok", redis: "ok", installation: "ok" } });
  const alone = await rig.start("api", { REDIS_URL: "redis://127.0.0.1:1" });
  const ask = (path: string, init = {}) =>
    fetch(`http://127.0.0.1:${alone.port}${path}`, { headers: { authorization: `Bearer ${api.adminKey}` }, ...init });
  expect((await ask("/readyz")).status).toBe(503);
  const { id } = await rig.connect();
  expect((await ask(`/v1/connections/${id}/token`)).status).toBe(200);
  expect(await (await ask(`/v1/connections/${id}/status`)).json()).toMatchObject({ queue: "unavailable", job: null });
  for (const path of [`/v1/connections/${id}/job`]) {
    const response = await ask(path);
    expect(response.status).toBe(503);
    expect(await response.json()).toMatchObject({ code: "queue_unavailable" });
  }
  await alone.stop();
});

test("without Postgres every endpoint says so", async () => {
  const own = await createRig({ databaseUrl: "postgresql://u:canary@127.0.0.1:1/none" });
  const app = await own.start("api", { EVERTOKEN_API_KEY: api.adminKey });
  for (const path of [
    "/v1/connections",
    "/v1/users/u/providers/acme/token",
    "/v1/providers",
    "/v1/webhooks",
    "/v1/audit",
  ]) {
    const headers = { authorization: `Bearer ${api.adminKey}` };
    const response = await fetch(`http://127.0.0.1:${app.port}${path}`, { headers });
    const text = await response.text();
    expectProblem({ status: response.status, headers: response.headers, text, body: JSON.parse(text) });
    expect(JSON.parse(text)).toMatchObject({ code: "store_unavailable", status: 503 });
    expect(text).not.toContain("canary");
  }
  expect(app.output()).not.toContain("canary");
  expect(await app.stop()).toBe(0);
});

test("nothing of what was sent stands in the log", () => {
  expect(api.app.output()).not.toContain("canary");
});
