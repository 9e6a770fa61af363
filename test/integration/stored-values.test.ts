import { randomBytes } from "node:crypto";
import { storedProviders } from "@evertoken/engine/internal";
import { rotateKeys } from "@evertoken/operations";
import { expect, test } from "vitest";
import { runInProcess } from "../e2e/evertoken-command.ts";
import { forgetProcesses } from "../support/drive.ts";
import { engineOf } from "../support/engine-of.ts";
import { startReceiver } from "../support/receiver.ts";
import { hasty } from "../support/rig.ts";
import { startApi } from "./api-harness.ts";

const client = { client_id: "client", client_secret: "canary-client-secret" };
const set = { set: true };

/** A stored provider whose requests carry secrets of its own, in a header and as parameters; it sees them when a grant is revoked. */
async function startAll() {
  const api = await startApi({
    server: { marker: "canary", client: { id: client.client_id, secret: client.client_secret } },
    env: hasty,
  });
  const [honest, evil] = [await startReceiver(), await startReceiver()];
  const definition = {
    ...{ name: "Own", docs: "https://own.example", tokenUrl: api.rig.server.tokenUrl },
    headers: { "x-api-key": "canary-header", "x-version": "canary-version" },
    refresh: { parameters: { subscription: "canary-parameter" } },
    identity: { url: null, id: "{shop}", body: { query: "canary-body" }, headers: { "x-app": "canary-app" } },
    placeholders: { shop: { pattern: "[a-z]+", example: "x", default: "x" } },
    revoke: { url: honest.url },
    policy: { lifetimeSeconds: 3600 },
  };
  const shown = {
    ...definition,
    id: "own",
    headers: { "x-api-key": set, "x-version": set },
    refresh: { parameters: { subscription: set } },
    identity: { ...definition.identity, body: { query: set }, headers: { "x-app": set } },
  };
  const row = async () => (await api.rig.pool.query("SELECT definition, secrets FROM stored_providers")).rows[0];
  const replace = (changed: object, secret = {}) =>
    api.ask("PUT /v1/providers/own", { body: { definition: changed, ...secret } });
  /** What the provider is sent when a grant of a new connection is revoked. */
  const sent = async () => {
    const { id } = await api.rig.connect({ provider: "own", metadata: { shop: "x" } });
    await api.ask(`DELETE /v1/connections/${id}`);
    return honest.received.at(-1)?.headers;
  };
  return { api, evil, definition, shown, row, replace, sent };
}

test("values of headers and parameters go in and never come out: they are sealed, and stay with the server that they were given for", async () => {
  const { api, evil, definition, shown, row, replace, sent } = await startAll();
  const refused = async (changed: object, secret = {}) => {
    const { status, body } = await replace(changed, secret);
    expect([status, body.code]).toEqual([400, "invalid_input"]);
    return body.detail as string;
  };
  const added = await api.ask("POST /v1/providers", { body: { id: "own", definition, ...client } });
  expect([added.status, added.body.definition]).toEqual([201, shown]);
  expect((await api.ask("GET /v1/providers/own")).body.definition).toEqual(shown);
  expect((await row()).definition).toEqual(shown);
  expect(JSON.stringify(await row())).not.toContain("canary");
  expect(await sent()).toMatchObject({ "x-api-key": "canary-header" });
  for (const args of [["providers", "show", "own"], ["providers"]]) {
    expect(await runInProcess([...args, "--json"], { env: api.rig.env })).toMatchObject({ code: 0 });
  }

  // Given back as it was shown, it stays; left out, it goes.
  const { "x-version": _, ...headers } = shown.headers;
  expect((await replace({ ...shown, name: "Mine", headers })).status).toBe(200);
  expect(await sent()).toMatchObject({ "x-api-key": "canary-header" });
  expect(await sent()).not.toHaveProperty("x-version");
  expect(await refused(shown)).toContain("headers.x-version: needs a value");
  expect(await refused({ ...shown, headers: { ...headers, set } })).toContain("headers.set: needs a value");
  const { status: created, body } = await api.ask("POST /v1/providers", {
    body: { id: "other", definition: { ...shown, id: "other" } },
  });
  expect([created, body.detail]).toEqual([400, expect.stringContaining("refresh.parameters.subscription: needs")]);

  // Neither with the client secret nor without it is a value sent elsewhere that was not given for there.
  const moved = { ...shown, headers, revoke: { url: evil.url } };
  expect(await refused(moved)).toMatch(/clientSecret: needed again.*headers\.x-api-key: needed again/);
  expect(await refused(moved, client)).toContain("refresh.parameters.subscription: needed again");
  const anew = { ...definition, revoke: { url: evil.url }, headers: { "x-api-key": "for-the-other" } };
  expect((await replace(anew, client)).status).toBe(200);
  await sent();
  expect(evil.received.map((one) => one.headers["x-api-key"])).toEqual(["for-the-other"]);
});

test("a row of the version before works, is sealed by `keys rotate`, and opens for no other provider", async () => {
  const { api, definition, shown, row, replace, sent } = await startAll();
  const { pool } = api.rig;
  await api.ask("POST /v1/providers", { body: { id: "own", definition, ...client } });
  const plain = { ...definition, id: "own" };
  await pool.query("UPDATE stored_providers SET definition = $1, secrets = NULL", [plain]);
  expect((await api.ask("GET /v1/providers/own")).body.definition).toEqual(shown);
  expect(await sent()).toMatchObject({ "x-api-key": "canary-header" });

  await forgetProcesses(api.rig);
  await rotateKeys(engineOf(api.rig.env).engine, () => {});
  expect((await row()).definition).toEqual(shown);
  expect(await sent()).toMatchObject({ "x-api-key": "canary-header" });

  await pool.query(`INSERT INTO stored_providers (id, definition, secrets)
    SELECT 'theirs', definition || '{"id": "theirs"}', secrets FROM stored_providers`);
  expect((await api.ask("GET /v1/providers/theirs")).body.fault).toContain("headers and parameters do not open");
  await pool.query("DELETE FROM stored_providers WHERE id = 'theirs'");
  const { secrets } = await row();
  await pool.query("UPDATE stored_providers SET secrets = 'v2.forged'");
  expect((await replace(shown)).body.detail).toContain("headers.x-api-key: needs a value");
  expect((await replace(definition)).body.fault).toBeNull();
  await pool.query("UPDATE stored_providers SET secrets = $1", [secrets]);

  const ring = `${randomBytes(32).toString("hex")},${api.rig.env.ENCRYPTION_KEY}`;
  const { engine } = engineOf({ ...api.rig.env, ENCRYPTION_KEY: ring });
  await forgetProcesses(api.rig);
  expect(await rotateKeys(engine, () => {})).toMatchObject({ unreadable: 0 });
  expect((await row()).secrets).toContain(engine.keyring.presentBeginning);
  expect(await storedProviders.show(engine, "own")).toMatchObject({ fault: null });
});
