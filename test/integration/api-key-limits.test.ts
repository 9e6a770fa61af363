import { createHash, randomUUID } from "node:crypto";
import { adoptAfterUpgrade, adoptApiKeys } from "@evertoken/operations";
import { beforeAll, expect, test } from "vitest";
import { engineOf } from "../support/engine-of.ts";
import { type Api, startApi } from "./api-harness.ts";

let api: Api;
const ids: Record<string, string> = {};
beforeAll(async () => {
  api = await startApi({ env: { PUBLIC_URL: "http://localhost", RETURN_URL_ALLOWLIST: "http://app.example" } });
  for (const userId of ["tenant1:ada", "tenant2:bob"]) {
    ids[userId] = (await api.rig.connect({ userId })).id;
  }
  const meta = {
    userId: "tenant1:ada",
    provider: "hubspot",
    externalAccountId: "h",
    accessToken: "token",
    expiresIn: 900,
  };
  ids.hubspot = (await api.rig.client.connections.import(meta)).id;
});

async function limited(limits: object, ...scopes: string[]): Promise<string> {
  const { body, status } = await api.ask("POST /v1/api-keys", { body: { name: "limited", scopes, ...limits } });
  expect(status).toBe(201);
  expect(body).toMatchObject({ ...limits, sealed: true });
  return body.key;
}

test("a key for some users and providers knows of no other connection, whatever it asks", async () => {
  const key = await limited({ users: ["tenant1:"], providers: ["acme"] }, "tokens:read", "connections:write");
  const own = ids["tenant1:ada"];
  expect((await api.ask(`GET /v1/connections/${own}/token`, { key })).status).toBe(200);
  expect((await api.ask("GET /v1/users/tenant1:ada/providers/acme/token", { key })).status).toBe(200);
  const { body } = await api.ask("GET /v1/connections", { key });
  expect(body.data.map(({ id }: { id: string }) => id)).toEqual([own]);
  const health = await api.ask("GET /v1/users/tenant1:ada/health", { key });
  expect(health.body.data).toMatchObject([{ connection_id: own }]);

  for (const id of [ids["tenant2:bob"], ids.hubspot, randomUUID()]) {
    const asked = [
      `GET /v1/connections/${id}`,
      ...["token", "log", "job", "status"].map((what) => `GET /v1/connections/${id}/${what}`),
      ...["refresh", "sync"].map((what) => `POST /v1/connections/${id}/${what}`),
      `DELETE /v1/connections/${id}`,
    ];
    for (const what of asked) await api.refused(what, 404, "connection_not_found", { key });
    await api.refused(`POST /v1/connections/${id}/schedule`, 404, "connection_not_found", {
      key,
      body: { when: "now" },
    });
  }
  expect((await api.ask("GET /v1/connections?user_id=tenant2:bob", { key })).body.data).toEqual([]);
  expect((await api.ask("GET /v1/users/tenant2:bob/health", { key })).body.data).toEqual([]);
});

test("nor does it connect, import or refresh for others", async () => {
  const key = await limited({ users: ["tenant1:"], providers: ["acme"] }, "tokens:read", "connections:write", "admin");
  const tokens = { external_account_id: "a", access_token: "a", refresh_token: "r", expires_in: 900 };
  const back = { return_url: "http://app.example", confirm: true };
  const outside: [string, object?][] = [
    ["GET /v1/users/tenant2:bob/providers/acme/token"],
    ["GET /v1/users/tenant1:ada/providers/hubspot/token"],
    ["GET /v1/users/tenant1:ada/providers/hubspot/connection"],
    ["POST /v1/connections", { user_id: "tenant2:bob", provider: "acme", ...tokens }],
    ["POST /v1/connections", { user_id: "tenant1:ada", provider: "hubspot", ...tokens }],
    ["POST /v1/connect/authorize", { user_id: "tenant2:bob", provider: "acme", ...back }],
    ["POST /v1/connect/links", { user_id: "tenant2:bob", providers: ["acme"] }],
    ["POST /v1/connect/links", { user_id: "tenant1:ada", providers: ["acme", "hubspot"] }],
    ["POST /v1/connect/links", { user_id: "tenant1:ada" }],
    ["POST /v1/refreshes", {}],
    ["DELETE /v1/users/tenant2:bob/connect-sessions"],
    // Those of the other providers would end as well.
    ["DELETE /v1/users/tenant1:ada/connect-sessions"],
  ];
  for (const [what, body] of outside) await api.refused(what, 403, "insufficient_key_scope", { key, body });
  const ofUsers = await limited({ users: ["tenant1:"] }, "connections:write");
  expect((await api.ask("DELETE /v1/users/tenant1:ada/connect-sessions", { key: ofUsers })).status).toBe(200);
});

test("a route that says nothing of whom it is about is closed to such a key", async () => {
  const key = await limited({ users: ["tenant1:"] }, "admin");
  for (const what of ["api-keys", "audit", "registrations", "webhooks"]) {
    await api.refused(`GET /v1/${what}`, 403, "insufficient_key_scope", { key });
  }
  expect((await api.ask("GET /v1/providers", { key })).status).toBe(200);
});

test("a key for reading changes nothing, and one that has ended does nothing", async () => {
  const reading = await limited({ read_only: true }, "admin");
  expect((await api.ask("GET /v1/audit", { key: reading })).status).toBe(200);
  expect((await api.ask(`GET /v1/connections/${ids["tenant1:ada"]}/token`, { key: reading })).status).toBe(200);
  for (const what of [`POST /v1/connections/${ids["tenant1:ada"]}/refresh`, "POST /v1/api-keys"]) {
    await api.refused(what, 403, "insufficient_key_scope", { key: reading });
  }
  const ended = await limited({ ends_at: new Date(Date.now() - 1000).toISOString() }, "connections:read");
  const { body } = await api.refused("GET /v1/connections", 401, "wrong_key", { key: ended });
  expect(body.detail).toContain("it ended at");
});

/** As SQL writes it: nobody needs the key ring for the hash of a key. */
async function writeRow(scopes: readonly string[], rights: string | null = null) {
  const key = `evk_${randomUUID().replaceAll("-", "")}${"x".repeat(11)}`;
  const hash = createHash("sha256").update(key).digest("hex");
  const id = randomUUID();
  await api.rig.pool.query(
    "INSERT INTO api_keys (id, name, key_hash, prefix, scopes, rights) VALUES ($1, 'sql', $2, $3, $4, $5)",
    [id, hash, key.slice(0, 10), scopes, rights],
  );
  return { id, key };
}

test("a row that SQL wrote permits nothing, nor does one that it changed", async () => {
  const { key: good, id: goodId } = await api.makeKey("admin");
  const { rows } = await api.rig.pool.query("SELECT rights FROM api_keys WHERE id = $1", [goodId]);
  for (const rights of [null, rows[0].rights, "v2.forged", JSON.stringify({ scopes: ["admin"] })]) {
    const { key, id } = await writeRow(["admin"], rights);
    await api.refused("GET /v1/connections", 401, "wrong_key", { key });
    expect((await api.ask("GET /v1/api-keys")).body.data).toContainEqual(
      expect.objectContaining({ id, sealed: false, scopes: [] }),
    );
  }
  const { key: small, id } = await api.makeKey("connections:read");
  await api.rig.pool.query("UPDATE api_keys SET scopes = '{admin}' WHERE id = $1", [id]);
  await api.refused("GET /v1/audit", 403, "insufficient_key_scope", { key: small });
  // Its own hash in the row of a mightier key.
  const { key: other, id: otherId } = await api.makeKey("connections:read");
  await api.rig.pool.query("DELETE FROM api_keys WHERE id = $1", [otherId]);
  const hash = createHash("sha256").update(other).digest("hex");
  await api.rig.pool.query("UPDATE api_keys SET key_hash = $2 WHERE id = $1", [goodId, hash]);
  for (const key of [other, good]) await api.refused("GET /v1/audit", 401, "wrong_key", { key });
});

test("a revoked key stays so when SQL takes that back", async () => {
  const { key, id } = await api.makeKey("connections:read");
  await api.ask(`DELETE /v1/api-keys/${id}`);
  await api.rig.pool.query("UPDATE api_keys SET revoked_at = NULL WHERE id = $1", [id]);
  await api.refused("GET /v1/connections", 401, "wrong_key", { key });
});

test("keys of the version before go on: vouched for by the migration's run, and later by the operator alone", async () => {
  const { databaseUrl, encryptionKeys } = engineOf(api.rig.env).engine.config;
  const before = await writeRow(["connections:read"]);
  const notes: string[] = [];
  const run = (applied: string[], keys = encryptionKeys) =>
    adoptAfterUpgrade(applied, { databaseUrl, encryptionKeys: keys }, (line) => notes.push(line));
  const migration = "20261126150000_sealed_key_rights";
  await run([]);
  await run([migration], []);
  await run([migration], [createHash("sha256").update("another").digest("hex")]);
  await api.refused("GET /v1/connections", 401, "wrong_key", { key: before.key });
  expect(notes).toEqual([expect.stringContaining("not set here"), expect.stringContaining("does not hold")]);
  await run([migration]);
  expect((await api.ask("GET /v1/connections", { key: before.key })).status).toBe(200);
  await api.refused("GET /v1/audit", 403, "insufficient_key_scope", { key: before.key });

  const later = await writeRow(["connections:read"]);
  const other = await writeRow(["admin"]);
  await run([]);
  await api.refused("GET /v1/connections", 401, "wrong_key", { key: later.key });
  expect(await adoptApiKeys(engineOf(api.rig.env).engine, [later.id])).toMatchObject([{ id: later.id }]);
  expect((await api.ask("GET /v1/connections", { key: later.key })).status).toBe(200);
  await api.refused("GET /v1/connections", 401, "wrong_key", { key: other.key });
});
