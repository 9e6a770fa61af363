import { beforeAll, expect, test } from "vitest";
import { publicUrl, redirectUri, returnUrl } from "../support/connect-rig.ts";
import { startTokenServer } from "../support/token-server.ts";
import { type Api, startApi } from "./api-harness.ts";

const nobody = "00000000-0000-4000-8000-000000000000";
const behindProxy = { "x-forwarded-for": "203.0.113.7" };
const key = "key:bootstrap";
const address = "203.0.113.7";

let api: Api;
beforeAll(async () => {
  const server = await startTokenServer();
  const connecting = { ACME_AUTHORIZE_URL: server.authorizeUrl, ACME_SCOPES: "profile", PUBLIC_URL: publicUrl };
  const limits = { API_REQUESTS_PER_MINUTE: "200", API_FAILED_KEYS_PER_MINUTE: "5", API_TRUST_PROXY: "1" };
  api = await startApi({ server, env: { ...connecting, ...limits, RETURN_URL_ALLOWLIST: "https://app.example" } });
});

/** The newest first, what this process has counted among them. */
async function entriesAfter(id: string): Promise<{ id: string; action: string; detail: Record<string, unknown> }[]> {
  const { body } = await api.ask("GET /v1/audit?limit=1000");
  return body.data.filter((entry: { id: string }) => BigInt(entry.id) > BigInt(id));
}
const newest = async () => (await api.ask("GET /v1/audit?limit=1")).body.data[0]?.id ?? "0";

interface Sent {
  readonly path?: string;
  readonly body?: unknown;
  readonly action: string;
  /** Of what is refused on its way, the reason. */
  readonly failed?: string;
  /** Default: the key. */
  readonly actor?: string;
}

/** What each route that is no GET is sent. */
async function sentTo(): Promise<Record<string, Sent>> {
  const { id } = await api.rig.connect();
  const { body: made } = await api.ask("POST /v1/api-keys", { body: { name: "x", scopes: ["admin"] } });
  const { body: hook } = await api.ask("POST /v1/webhooks", { body: { target: "http://127.0.0.1:9/hook" } });
  const flow = { user_id: "u", provider: "acme", return_url: returnUrl, redirect_uri: redirectUri };
  const definition = { issuer: "http://127.0.0.1:9", client_id: "x" };
  const row = { user_id: "u", provider: "acme", access_token: "a", refresh_token: "r-1", expires_in: 3600 };
  return {
    "POST /v1/connections/{id}/refresh": { path: `/v1/connections/${id}/refresh`, action: "connection.refreshed" },
    "POST /v1/connections/{id}/schedule": {
      ...{ path: `/v1/connections/${id}/schedule`, body: { when: "next" }, action: "connection.scheduled" },
    },
    "POST /v1/connections/{id}/sync": { path: `/v1/connections/${id}/sync`, action: "sync.requested" },
    "PATCH /v1/connections/{id}": { path: `/v1/connections/${id}`, body: { tags: [] }, action: "connection.tagged" },
    "DELETE /v1/connections/{id}": { path: `/v1/connections/${id}`, action: "connection.disconnected" },
    "POST /v1/connections": { body: row, action: "connection.imported" },
    "POST /v1/refreshes": { body: { provider: "acme" }, action: "refreshes.started" },
    "DELETE /v1/users/{userId}/connect-sessions": {
      ...{ path: "/v1/users/u/connect-sessions", action: "connect.sessions_ended" },
    },
    "POST /v1/connect/authorize": { body: { ...flow, binding: "of the session of u" }, action: "connect.begun" },
    "POST /v1/connect/callback": {
      ...{ body: { state: "x", code: "x", redirect_uri: redirectUri }, action: "connect.completed" },
      ...{ failed: "state_invalid", actor: "nobody" },
    },
    "POST /v1/connect/confirm": {
      body: { confirmation: "x", user_id: "u" },
      action: "connect.confirmed",
      failed: "confirmation_unknown",
    },
    "POST /v1/connect/complete": { body: { state: "x", code: "x" }, action: "connect.completed" },
    "POST /v1/connect/links": { body: { user_id: "u" }, action: "connect.link_made" },
    "POST /v1/providers": { body: { id: "x", ...definition }, action: "provider.added", failed: "invalid_input" },
    "PUT /v1/providers/{id}": {
      ...{ path: "/v1/providers/x", body: definition, action: "provider.replaced", failed: "provider_not_found" },
    },
    "DELETE /v1/providers/{id}": {
      ...{ path: "/v1/providers/x", action: "provider.removed", failed: "provider_not_found" },
    },
    "PUT /v1/registrations/{provider}/{name}": {
      ...{ path: "/v1/registrations/acme/other", body: { client_id: "x", client_secret: "canary" } },
      action: "registration.saved",
    },
    "DELETE /v1/registrations/{provider}/{name}": {
      ...{ path: "/v1/registrations/acme/other", action: "registration.removed" },
    },
    "POST /v1/webhooks": { body: { target: "http://127.0.0.1:9/other" }, action: "webhook.saved" },
    "POST /v1/webhooks/{id}/test": { path: `/v1/webhooks/${hook.id}/test`, action: "webhook.tested" },
    "PATCH /v1/webhooks/{id}": { path: `/v1/webhooks/${hook.id}`, body: { enabled: false }, action: "webhook.saved" },
    "DELETE /v1/webhooks/{id}": { path: `/v1/webhooks/${hook.id}`, action: "webhook.removed" },
    "POST /v1/webhooks/deliveries/{delivery}/replay": {
      ...{ path: "/v1/webhooks/deliveries/1/replay", action: "webhook.replayed", failed: "not_found" },
    },
    "POST /v1/api-keys": { body: { name: "y", scopes: ["admin"] }, action: "api_key.created" },
    "DELETE /v1/api-keys/{id}": { path: `/v1/api-keys/${made.id}`, action: "api_key.revoked" },
  };
}

test("each route that is no GET writes who did what and from where; none of the document is left out", async () => {
  const { paths } = (await api.ask("GET /openapi.json", { key: null })).body as { paths: Record<string, object> };
  const changing = Object.entries(paths).flatMap(([path, operations]) =>
    Object.keys(operations)
      .filter((method) => method !== "get")
      .map((method) => `${method.toUpperCase()} ${path}`),
  );
  const sent = await sentTo();
  expect(Object.keys(sent).sort()).toEqual(changing.sort());
  for (const [route, { path, body, action, failed, actor = key }] of Object.entries(sent)) {
    const before = await newest();
    const [method = "", pattern] = route.split(" ");
    const asked = { headers: behindProxy, ...(body === undefined ? {} : { body }) };
    const { status, text } = await api.ask(`${method} ${path ?? pattern}`, asked);
    if (failed === undefined) expect(status, `${route}: ${text}`).toBeLessThan(300);
    const entries = await entriesAfter(before);
    const wanted = { action, actor, address };
    expect(entries, route).toMatchObject([
      { ...wanted, ...(failed !== undefined && { detail: { failed, count: 1 } }) },
    ]);
    expect(JSON.stringify(entries)).not.toContain("canary");
  }
});

test("reads over HTTP are counted for each key, connection and address", async () => {
  const { id } = await api.rig.connect();
  const { key: reader, id: keyId } = await api.makeKey("tokens:read");
  const before = await newest();
  for (let n = 0; n < 7; n++) await api.ask(`GET /v1/connections/${id}/token`, { key: reader, headers: behindProxy });
  await api.ask(`GET /v1/connections/${id}/token`, { key: reader });
  await api.ask(`GET /v1/connections/${nobody}/token`, { key: reader });
  const read = { action: "token.read", actor: `key:${keyId}` };
  expect((await entriesAfter(before)).reverse()).toMatchObject([
    { ...read, connection_id: id, address, detail: { generation: 1, count: 7 } },
    { ...read, connection_id: id, address: "127.0.0.1", detail: { generation: 1, count: 1 } },
    { ...read, connection_id: nobody, detail: { failed: "connection_not_found", count: 1 } },
  ]);
});

test("a flood of what is refused is a row for each reason and sender, and a line in the log", async () => {
  const { key: reader, id: keyId } = await api.makeKey("tokens:read");
  const narrow = await api.ask("POST /v1/api-keys", {
    body: { name: "narrow", scopes: ["tokens:read"], users: ["nobody-"] },
  });
  const { id } = await api.rig.connect();
  const before = await newest();
  const wrong = `evk_${"w".repeat(43)}`;
  for (let n = 0; n < 3; n++) await api.ask("GET /v1/providers", { key: null, headers: behindProxy });
  for (let n = 0; n < 4; n++) await api.ask("GET /v1/webhooks", { key: reader });
  const { key: limited, id: narrowId } = narrow.body;
  for (let n = 0; n < 2; n++)
    await api.refused(`GET /v1/connections/${id}/token`, 404, "connection_not_found", { key: limited });
  for (let n = 0; n < 30; n++) await api.ask("GET /v1/providers", { key: `${wrong.slice(0, -2)}${n + 10}` });
  const entries = await entriesAfter(before);
  const refused = (actor: string, code: string, count: number) =>
    expect.objectContaining({ action: "request.refused", actor, detail: expect.objectContaining({ code, count }) });
  expect(entries).toHaveLength(5);
  expect(entries).toEqual(
    expect.arrayContaining([
      refused("nobody", "wrong_key", 5),
      refused("nobody", "too_many_requests", 25),
      refused("nobody", "no_key", 3),
      refused(`key:${keyId}`, "insufficient_key_scope", 4),
      refused(`key:${narrowId}`, "out_of_reach", 2),
    ]),
  );
  const output = api.app.output();
  expect(output.match(/requests are refused/g)).toHaveLength(5);
  expect(output + JSON.stringify(entries)).not.toContain("evk_");
});

test("the log is read between two times, and a time that is none is refused", async () => {
  await api.rig.pool.query(
    "INSERT INTO audit_log (actor, action, at) SELECT 'system', 'timed', day FROM unnest($1::timestamptz[]) AS t(day)",
    [["2026-01-01T12:00Z", "2026-02-01T12:00Z", "2026-03-01T12:00Z"]],
  );
  const months = async (query: string) =>
    (await api.ask(`GET /v1/audit?action=timed${query}`)).body.data.map(({ at }: { at: string }) => at.slice(5, 7));
  expect(await months("")).toEqual(["03", "02", "01"]);
  expect(await months("&since=2026-02-01T12:00:00Z")).toEqual(["03", "02"]);
  expect(await months("&until=2026-02-01T12:00:00Z&limit=1")).toEqual(["01"]);
  expect(await months("&since=0000-01-01T00:00:00Z")).toEqual(["03", "02", "01"]);
  expect(await months("&until=0000-01-01T00:00:00Z")).toEqual([]);
  await api.refused("GET /v1/audit?since=yesterday", 400, "invalid_request");
});
