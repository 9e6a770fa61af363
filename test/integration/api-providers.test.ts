import { createEvertoken } from "@evertoken/engine";
import { plainDefinition } from "@evertoken/providers";
import { beforeAll, describe, expect, test } from "vitest";
import { binding, consent, returnUrl, startDemo } from "../support/connect-rig.ts";
import { attempts, comesDue, events, patch } from "../support/drive.ts";
import { engineOf } from "../support/engine-of.ts";
import { findSecrets, httpHaystack, postgresHaystack, redisHaystack } from "../support/haystack.ts";
import {
  goodMetadata,
  type MetadataAnswer,
  type MetadataServer,
  startMetadataServer,
} from "../support/metadata-server.ts";
import { createRig, hasty, until } from "../support/rig.ts";
import { onFileEnd } from "../support/services.ts";
import { type Api, startApi } from "./api-harness.ts";

const publicUrl = "https://api.example";
const connectEnv = { PUBLIC_URL: publicUrl, RETURN_URL_ALLOWLIST: "https://app.example" };
const secret = "demo secret +:";

/** Another process of ours, in this one. */
function otherProcess(api: Api) {
  const other = createEvertoken({ settings: api.rig.env });
  onFileEnd(() => other.close());
  return other;
}

async function connectVia(api: Api, provider: string, more: Record<string, unknown> = {}): Promise<string> {
  const redirectUri = `${returnUrl}/${provider}`;
  const body = { user_id: "u", provider, return_url: returnUrl, redirect_uri: redirectUri, binding, ...more };
  const flow = await api.ask("POST /v1/connect/authorize", { body });
  expect(flow.status, flow.text).toBe(200);
  const { state, code, iss } = await consent(flow.body);
  const answer = { state, code, redirect_uri: redirectUri, binding, ...(iss === undefined ? {} : { iss }) };
  const done = await api.ask("POST /v1/connect/callback", { key: null, body: answer });
  expect(done.body, done.text).toMatchObject({ status: "connected" });
  return done.body.connection_id;
}

test("a provider added by its issuer is connected, and refreshed by a worker that was running already", async () => {
  const api = await startApi({ env: { ...hasty, ...connectEnv, LOG_LEVEL: "trace" } });
  const { rig } = api;
  const { demo } = await startDemo([`${returnUrl}/intranet`]);
  const worker = await rig.start("worker");
  const second = await rig.start("api");
  const other = otherProcess(api);

  const added = await api.ask("POST /v1/providers", {
    body: {
      ...{ id: "intranet", name: "Intranet", issuer: demo.issuer, client_id: "evertoken-demo", client_secret: secret },
      scopes: ["openid", "profile", "offline_access"],
      authorize_parameters: { prompt: "consent" },
    },
  });
  expect(added.status, added.text).toBe(201);
  expect(added.body).toMatchObject({
    ...{ id: "intranet", client_id: "evertoken-demo", has_secret: true, fault: null },
    definition: { issuer: demo.issuer, tokenUrl: demo.tokenUrl, revoke: { url: demo.revokeUrl } },
  });

  const id = await connectVia(api, "intranet");
  expect(await rig.row(id)).toMatchObject({ provider: "intranet", status: "connected", generation: 1 });
  expect(Number((await rig.row(id)).external_account_id.length)).toBeGreaterThan(0);
  await until(
    "the worker runs its queue",
    async () => (await rig.queues.refreshQueue("intranet").getWorkersCount()) > 0,
  );
  await comesDue(rig, id);
  expect(await attempts(rig, id, 1)).toMatchObject([{ outcome: "granted", trigger: "scheduled" }]);
  expect(await rig.row(id)).toMatchObject({ status: "connected", generation: 2 });

  // Who was there before: another API, and an app's own process, which has the client secret of nobody.
  const seen = await fetch(`http://127.0.0.1:${second.port}/v1/providers`, {
    headers: { authorization: `Bearer ${api.adminKey}` },
  });
  const { data } = (await seen.json()) as { data: { id: string; origin: string; configured: boolean }[] };
  expect(data.find((one) => one.id === "intranet")).toMatchObject({ origin: "stored", configured: true });
  expect(await other.refresh(id)).toMatchObject({ generation: 3 });
  const begun = await other.connect.authorize({
    userId: "v",
    provider: "intranet",
    returnUrl,
    redirectUri: `${returnUrl}/intranet`,
    confirm: true,
  });
  expect(begun.url).toContain(`${demo.issuer}/auth?`);

  await api.refused("DELETE /v1/providers/intranet", 409, "provider_in_use");
  expect((await api.refused("DELETE /v1/providers/intranet", 409, "provider_in_use")).body.detail).toContain(
    "1 connection",
  );
  const disconnected = await api.ask(`DELETE /v1/connections/${id}`);
  expect(disconnected.body).toMatchObject({ revoked: "yes" });
  expect((await api.ask("DELETE /v1/providers/intranet")).status).toBe(204);
  await api.refused("DELETE /v1/providers/intranet", 404, "provider_not_found");
  await api.refused("GET /v1/providers/intranet", 404, "provider_not_found");
  expect((await rig.pool.query("SELECT 1 FROM client_registrations")).rowCount).toBe(0);
  await until("the other process has heard of it", async () =>
    other.connect
      .authorize({ userId: "v", provider: "intranet", returnUrl, redirectUri: `${returnUrl}/intranet`, confirm: true })
      .then(() => false)
      .catch((error: { code: string }) => error.code === "unknown_provider"),
  );

  const audit = await api.ask("GET /v1/audit");
  const actions = audit.body.data.map(({ action }: { action: string }) => action);
  expect(actions).toEqual(expect.arrayContaining(["provider.added", "provider.removed"]));
  const haystack = new Map([
    ...(await postgresHaystack(rig.pool)),
    ...(await redisHaystack(rig.queues.redis as never)),
    ...(await httpHaystack("worker", worker.port)),
    ...["api", "worker", "second"].map((name, i) => [name, [api.app, worker, second][i]?.output() ?? ""] as const),
    ["answers", added.text + audit.text] as const,
  ]);
  expect(findSecrets(haystack, [secret, encodeURIComponent(secret)])).toEqual([]);
});

describe("what is not right is refused, and nothing is stored", () => {
  let api: Api;
  let server: MetadataServer;
  beforeAll(async () => {
    api = await startApi({ env: connectEnv });
    server = await startMetadataServer();
  });

  const canary = "canary-client-secret";
  const add = (body: Record<string, unknown>) => ({
    body: { id: "fresh", client_id: "c", client_secret: canary, ...body },
  });
  const nothingStored = async () => {
    expect(
      (await api.rig.pool.query("SELECT 1 FROM stored_providers UNION ALL SELECT 1 FROM client_registrations"))
        .rowCount,
    ).toBe(0);
    expect(api.app.output()).not.toContain(canary);
  };

  test.each<[string, MetadataAnswer, number, string, string]>([
    ["another issuer", (_, at) => ({ body: goodMetadata(`${at}/x`) }), 422, "provider_refused", "names another issuer"],
    [
      "no token endpoint",
      (_, at) => ({ body: { ...goodMetadata(at), token_endpoint: undefined } }),
      422,
      "provider_refused",
      "token_endpoint is missing",
    ],
    [
      "an odd endpoint",
      (_, at) => ({ body: { ...goodMetadata(at), token_endpoint: "ftp://x/t" } }),
      422,
      "provider_refused",
      "token_endpoint must be",
    ],
    ["no metadata", () => ({ status: 404 }), 422, "provider_refused", "HTTP 404 at its well-known addresses"],
    ["a page", () => ({ body: "<html>" }), 422, "provider_refused", "no JSON object"],
    ["a redirect", () => ({ location: "http://127.0.0.1:1/" }), 422, "provider_refused", "HTTP 302"],
    ["trouble", () => ({ status: 503 }), 503, "provider_unavailable", "HTTP 503. Nothing was stored: try again"],
    ["a hang-up", () => null, 503, "provider_unavailable", "no answer (ECONNRESET)"],
  ])("an issuer with %s", async (_, answer, status, code, reason) => {
    server.answer = answer;
    const { body, text } = await api.refused("POST /v1/providers", status, code, add({ issuer: server.issuer }));
    expect(body.detail).toContain(reason);
    if (status === 422) expect(body.errors).toEqual([{ field: "issuer", reason: expect.stringContaining(reason) }]);
    expect(text).not.toContain(canary);
    await nothingStored();
  });

  const whole = { name: "x", docs: "https://x.example", tokenUrl: "https://sso.example/token" };
  const withHeaders = (headers: object) => ({ definition: { ...whole, headers, policy: { lifetimeSeconds: 60 } } });
  const endpoints = { token_url: "https://sso.example/token", authorize_url: "https://sso.example/authorize" };
  test.each<[string, Record<string, unknown>, number, string, string]>([
    ["no endpoint", {}, 400, "invalid_input", "token_url"],
    ["no URL", { ...endpoints, token_url: "sso" }, 400, "invalid_input", "token_url"],
    ["another scheme", { issuer: "ftp://sso.example" }, 400, "invalid_input", "issuer"],
    ["an odd id", { ...endpoints, id: "Not An Id" }, 400, "invalid_request", "id"],
    ["a field that is not known", { ...endpoints, tokenUrl: "https://x.example" }, 400, "invalid_request", "tokenUrl"],
    [
      "grace without its length",
      { ...endpoints, rotation: "grace" },
      400,
      "invalid_input",
      "policy.rotation.grace_seconds",
    ],
    ["NUL", { ...endpoints, authorize_parameters: { x: "a\0b" } }, 400, "invalid_input", "definition"],
    ["no secret", { ...endpoints, client_secret: undefined }, 400, "invalid_input", "client_secret"],
    ["no client id", { ...endpoints, client_id: undefined }, 400, "invalid_input", "client_secret"],
    ["a definition and words", { definition: {}, ...endpoints }, 400, "invalid_input", "definition"],
    ["a definition of another id", { definition: { id: "other" } }, 400, "invalid_input", "definition.id"],
    ["a definition with a hole", { definition: { name: "x" } }, 400, "invalid_input", "docs"],
    ["a password in an address", { token_url: `https://a:${canary}@sso.example/t` }, 400, "invalid_input", "token_url"],
    ["a header that is none", withHeaders({ "x y": canary }), 400, "invalid_input", "headers"],
    ["a header of two lines", withHeaders({ "x-y": `a\n${canary}` }), 400, "invalid_input", "headers"],
    ["a header that ends the body", withHeaders({ "Content-Length": "1" }), 400, "invalid_input", "headers"],
    ["a header that names another host", withHeaders({ host: canary }), 400, "invalid_input", "headers"],
    ["the id of one in the box", { ...endpoints, id: "hubspot" }, 409, "provider_exists", "id"],
    ["the id of one of the settings", { ...endpoints, id: "acme" }, 409, "provider_exists", "id"],
  ])("%s", async (_, body, status, code, field) => {
    const answer = await api.refused("POST /v1/providers", status, code, add(body));
    expect(answer.body.errors.map((error: { field: string }) => error.field)).toContain(field);
    expect(answer.text).not.toContain(canary);
    await nothingStored();
  });

  test("private addresses, unless they are allowed", async () => {
    const strict = await api.rig.start("api", {
      EVERTOKEN_ALLOW_PRIVATE_ADDRESSES: "false",
      EVERTOKEN_GENERIC_PROVIDERS: "",
    });
    server.answer = (_, at) => ({ body: goodMetadata(at) });
    const before = server.asked.length;
    const post = async (body: Record<string, unknown>) => {
      const response = await fetch(`http://127.0.0.1:${strict.port}/v1/providers`, {
        method: "POST",
        headers: { authorization: `Bearer ${api.adminKey}`, "content-type": "application/json" },
        body: JSON.stringify({ id: "fresh", ...body }),
      });
      const { code, detail } = (await response.json()) as { code: string; detail: string };
      return { status: response.status, code, detail };
    };
    const port = new URL(server.issuer).port;
    expect(await post({ issuer: server.issuer })).toMatchObject({
      status: 400,
      detail: expect.stringContaining("must be https://"),
    });
    expect(await post({ issuer: `https://127.0.0.1:${port}` })).toMatchObject({
      status: 400,
      detail: expect.stringContaining("private address"),
    });
    expect(await post({ token_url: "https://169.254.169.254/token" })).toMatchObject({
      status: 400,
      code: "invalid_input",
    });
    expect(await post({ issuer: `https://localhost:${port}` })).toMatchObject({
      ...{ status: 422, code: "provider_refused" },
      detail: expect.stringContaining("EVERTOKEN_ALLOW_PRIVATE_ADDRESSES"),
    });
    expect(server.asked.length).toBe(before);
    await nothingStored();
  });

  test("who may not", async () => {
    const { key } = await api.makeKey("connections:write");
    await api.refused("POST /v1/providers", 403, "insufficient_key_scope", { key, ...add(endpoints) });
    await api.refused("DELETE /v1/providers/fresh", 403, "insufficient_key_scope", { key });
    await api.refused("GET /v1/providers/hubspot", 404, "provider_not_found");
    await api.refused("PUT /v1/providers/acme", 404, "provider_not_found", { body: endpoints });
  });
});

describe("a replacement", () => {
  const setUp = async () => {
    const checking = { client: { id: "client", secret: "client-secret" } };
    const api = await startApi({ server: checking, env: { ...hasty, ...connectEnv } });
    const { rig } = api;
    const { server } = rig;
    const words = { token_url: server.tokenUrl, authorize_url: server.authorizeUrl, identity_url: server.identityUrl };
    const client = { client_id: "client", client_secret: "client-secret" };
    const add = (more: Record<string, unknown> = {}) =>
      api.ask("POST /v1/providers", { body: { id: "own", ...words, ...client, ...more } });
    const put = (body: Record<string, unknown>) => api.ask("PUT /v1/providers/own", { body: { ...words, ...body } });
    return { api, rig, words, client, add, put };
  };

  test("keeps the registration that is not given anew, and heals a circuit that a wrong one opened", async () => {
    const { rig, add, put } = await setUp();
    expect((await add({ client_secret: "wrong" })).status).toBe(201);
    const { id } = await rig.connect({ provider: "own" });
    await patch(rig, id, "expires_at = now()");
    const worker = await rig.start("worker");
    await comesDue(rig, id);
    await until("the circuit opens", async () => (await events(rig)).includes("provider.circuit_opened"));
    expect(await rig.row(id)).toMatchObject({ status: "connected" });

    const renamed = await put({ name: "Renamed" });
    expect(renamed.body).toMatchObject({ definition: { name: "Renamed" }, client_id: "client", has_secret: true });
    expect((await put({ client_id: "client", client_secret: "client-secret" })).status).toBe(200);
    await until("it is refreshed with the right one", async () => (await rig.row(id)).generation === 2);
    expect(await rig.row(id)).toMatchObject({ status: "connected", last_error_code: null });
    expect(worker.output()).not.toContain("client-secret");
  });

  test("cannot send the refresh tokens of its connections to another server, nor stop spending them", async () => {
    const { api, rig, words, client, add, put } = await setUp();
    await add();
    const { id } = await rig.connect({ provider: "own" });
    const elsewhere = await startMetadataServer();
    const whole = (policy: object) => ({
      definition: { name: "Own", docs: "https://own.example", tokenUrl: words.token_url, policy },
    });
    for (const body of [
      { ...words, token_url: `${elsewhere.issuer}/token` },
      { issuer: elsewhere.issuer },
      whole({ spends: "nothing", lifetimeSeconds: null }),
      whole({ spends: "access_token", lifetimeSeconds: 60 }),
    ]) {
      const { body: problem } = await api.refused("PUT /v1/providers/own", 409, "provider_in_use", { body });
      expect(problem.detail).toMatch(/^1 connection depends on own; .* cannot be changed$/);
    }
    expect(await rig.client.refresh(id)).toMatchObject({ generation: 2 });
    await rig.client.connections.disconnect(id);
    elsewhere.answer = () => ({ status: 500 });
    await api.refused("PUT /v1/providers/own", 503, "provider_unavailable", { body: { issuer: elsewhere.issuer } });
    elsewhere.answer = (_, at) => ({ body: goodMetadata(at) });
    const there = { issuer: elsewhere.issuer };
    await api.refused("PUT /v1/providers/own", 400, "invalid_input", { body: there });
    expect((await api.ask("PUT /v1/providers/own", { body: { ...there, ...client } })).body).toMatchObject({
      definition: { tokenUrl: `${elsewhere.issuer}/token` },
    });
    expect((await put(client)).status).toBe(200);
  });

  test("and its default registration may come later, by itself", async () => {
    const { api, rig, add } = await setUp();
    expect((await add({ client_id: undefined, client_secret: undefined })).body).toMatchObject({ client_id: null });
    await api.refused("POST /v1/connect/authorize", 502, "invalid_client", {
      body: { user_id: "u", provider: "own", return_url: returnUrl, confirm: true },
    });
    const body = { client_id: "client", client_secret: "client-secret" };
    await api.refused("PUT /v1/registrations/acme/default", 400, "invalid_input", { body });
    expect((await api.ask("PUT /v1/registrations/own/default", { body })).status).toBe(200);
    const id = await connectVia(api, "own");
    await api.refused("DELETE /v1/registrations/own/default", 409, "registration_in_use");
    expect(await rig.client.refresh(id)).toMatchObject({ generation: 2 });
  });
});

test("a stored provider that this version does not understand stops nobody else, and marks no connection", async () => {
  const api = await startApi({ env: { ...hasty, ...connectEnv } });
  const { rig } = api;
  const { server } = rig;
  const body = { id: "own", token_url: server.tokenUrl, client_id: "client", client_secret: "client-secret" };
  await api.ask("POST /v1/providers", { body });
  const [own, other] = [await rig.connect({ provider: "own" }), await rig.connect()];
  await rig.pool.query(`UPDATE stored_providers SET definition = definition || '{"fromTheFuture": true}'`);
  const worker = await rig.start("worker");
  await Promise.all([comesDue(rig, own.id), comesDue(rig, other.id)]);
  expect(await attempts(rig, own.id, 1)).toMatchObject([{ outcome: "misconfigured" }]);
  expect(await attempts(rig, other.id, 1)).toMatchObject([{ outcome: "granted" }]);
  expect(await rig.row(own.id)).toMatchObject({ status: "connected", last_error_code: null, generation: 1 });
  expect(worker.lines().find(({ msg }) => msg === "a stored provider cannot be used")).toMatchObject({
    provider: "own",
  });
  const listed = await until("the API has seen it", async () => {
    const { data } = (await api.ask("GET /v1/providers")).body;
    const found = data.find((one: { id: string }) => one.id === "own");
    return found.fault !== null && found;
  });
  expect(listed).toMatchObject({ configured: false, fault: expect.stringContaining("fromTheFuture"), circuit: "open" });
  await api.refused("POST /v1/providers", 409, "provider_exists", { body });
  const { id: _, ...again } = body;
  expect((await api.ask("PUT /v1/providers/own", { body: again })).status).toBe(200);
  await until("it is refreshed", async () => (await rig.row(own.id)).generation === 2);
});

test("while Postgres does not answer it is not known whether there is one, which is held against nobody", async () => {
  const api = await startApi({ env: { ...hasty, ...connectEnv } });
  const { rig } = api;
  const { server } = rig;
  await api.ask("POST /v1/providers", {
    body: { id: "own", token_url: server.tokenUrl, client_id: "client", client_secret: "client-secret" },
  });
  const { id } = await rig.connect({ provider: "own" });
  await rig.pool.query("ALTER TABLE stored_providers RENAME TO away");
  const fresh = otherProcess(api);
  await expect(fresh.refresh(id)).rejects.toMatchObject({ code: "store_unavailable" });
  const worker = await rig.start("worker");
  await comesDue(rig, id);
  // On a busy machine the next attempt has come meanwhile.
  expect(new Set((await attempts(rig, id, 1)).map(({ outcome }) => outcome))).toEqual(new Set(["unsent"]));
  expect(await rig.row(id)).toMatchObject({ status: "connected" });
  expect((await rig.pool.query("SELECT 1 FROM circuits WHERE open")).rowCount).toBe(0);
  expect((await server.summary()).requests).toBe(0);
  await rig.pool.query("ALTER TABLE away RENAME TO stored_providers");
  await until("it is refreshed", async () => (await rig.row(id)).generation === 2);
  expect(worker.output()).toContain("stored providers could not be read");
});

test("the settings go before what is stored, and what is stored before what came into the box later", async () => {
  const rig = await createRig();
  const entry = (id: string) => plainDefinition(id, { tokenUrl: rig.server.tokenUrl });
  for (const id of ["acme", "hubspot"]) {
    await rig.pool.query("INSERT INTO stored_providers (id, definition) VALUES ($1, $2)", [id, entry(id)]);
  }
  const { engine, output } = engineOf(rig.env);
  expect((await engine.providers.known("acme"))?.origin).toBe("settings");
  expect(await engine.providers.known("hubspot")).toMatchObject({
    ...{ origin: "stored", provider: { tokenUrl: rig.server.tokenUrl } },
  });
  expect(engine.providers.all().filter(({ provider }) => provider.id === "hubspot")).toHaveLength(1);
  expect(output()).toMatch(/"provider":"acme".*a stored provider is not used: the settings define one of the same id/);
});
