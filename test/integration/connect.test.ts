import { createHash } from "node:crypto";
import { jobId } from "@evertoken/core";
import { completeConnect, disconnectAndRevoke } from "@evertoken/engine/internal";
import { expect, test } from "vitest";
import {
  begin,
  binding,
  consent,
  createConnectRig,
  isActive,
  openTestEngine,
  redirectUri,
  returnUrl,
  startDemo,
} from "../support/connect-rig.ts";
import { events, patch } from "../support/drive.ts";
import { until } from "../support/rig.ts";
import { lies, startTokenServer } from "../support/token-server.ts";

async function createDemoRig() {
  const { demo, env } = await startDemo();
  return { demo, ...(await createConnectRig(env)) };
}

const count = async (
  { pool }: { pool: { query: (sql: string) => Promise<{ rows: { n: number }[] }> } },
  table: string,
) => (await pool.query(`SELECT count(*)::int AS n FROM ${table}`)).rows[0]?.n;

test("from consent to a connection that stays fresh, with the account's name and what was granted", async () => {
  const rig = await createDemoRig();
  const { engine } = rig;
  const flow = await begin(engine, { provider: "demo", userEmail: "ada@app.example" });
  const asked = Object.fromEntries(new URL(flow.url).searchParams);
  expect(asked).toMatchObject({
    ...{ response_type: "code", redirect_uri: redirectUri, state: flow.state, prompt: "consent" },
    ...{ code_challenge_method: "S256", scope: "openid profile email offline_access" },
  });
  const minutes = (flow.expiresAt.getTime() - Date.now()) / 60_000;
  expect(minutes).toBeGreaterThan(9.8);
  expect(minutes).toBeLessThanOrEqual(10.1);

  const done = await completeConnect(engine, await consent(flow));
  expect(done).toMatchObject({ kind: "connected", provider: "demo", returnUrl, reconnected: false, missingScopes: [] });
  const { connectionId } = done as { connectionId: string };
  const row = await rig.row(connectionId);
  expect(row).toMatchObject({
    ...{ user_id: "u", provider: "demo", external_account_id: "ada", display_name: "ada", status: "connected" },
    ...{ generation: 1, registration: "default", user_email: "ada@app.example", token_type: "Bearer" },
  });
  expect(row.scopes).toContain("offline_access");
  const lifetime = (row.expires_at.getTime() - row.connected_at.getTime()) / 1000;
  expect(lifetime).toBe(120);
  const job = await rig.queues.refreshQueue("demo").getJob(jobId(connectionId, 1));
  expect(await job?.getState()).toBe("delayed");
  expect(await events(rig, connectionId)).toEqual(["connection.created"]);
  expect((await rig.client.getAccessToken(connectionId)).accessToken).not.toBe("");
  expect(await rig.client.refresh(connectionId)).toMatchObject({ generation: 2 });
});

test("of the state only its hash is stored, of the verifier only a ciphertext", async () => {
  const rig = await createConnectRig();
  const { state } = await begin(rig.engine);
  // Hashed together with the binding, so that neither is worth anything alone.
  const { rows } = await rig.pool.query("SELECT * FROM oauth_states");
  expect(rows).toHaveLength(1);
  expect(rows[0].state_hash).toBe(createHash("sha256").update(`${state}.${binding}`).digest("hex"));
  expect(rows[0].code_verifier).toMatch(/^v2\./);
  expect(JSON.stringify(rows)).not.toContain(state);
});

test("a state is good once, whoever is first of many: the same answer is told the same, another one is refused", async () => {
  const rig = await createConnectRig();
  const answer = await consent(await begin(rig.engine));
  const all = await Promise.all(Array.from({ length: 20 }, () => completeConnect(rig.engine, answer)));
  const codes = all.map((each) => (each.kind === "refused" ? each.code : each.kind)).sort();
  expect(codes).toEqual(Array.from({ length: 20 }, () => "connected"));
  for (const each of all) expect(each).toEqual(all[0]);
  expect(await completeConnect(rig.engine, { ...answer, code: "another" })).toMatchObject({ code: "state_used" });
  await rig.pool.query("UPDATE oauth_states SET used_at = now() - interval '2 minutes'");
  expect(await completeConnect(rig.engine, answer)).toMatchObject({ code: "state_used", returnUrl });
  expect(all.every((each) => each.returnUrl === returnUrl)).toBe(true);
  expect(await count(rig, "connections")).toBe(1);
  expect((await rig.server.summary()).requests).toBe(1);
});

test("wrong, expired and foreign states, issuers and addresses: each is refused by its name, and nothing is stored", async () => {
  const rig = await createDemoRig();
  const { engine } = rig;
  const refused = async (input: Parameters<typeof completeConnect>[1]) => {
    const done = await completeConnect(engine, input);
    return done.kind === "refused" ? [done.code, done.returnUrl] : done.kind;
  };
  expect(await refused({ state: "", code: "x" })).toEqual(["state_invalid", null]);
  expect(await refused({ state: "x".repeat(100_000), code: "x" })).toEqual(["state_invalid", null]);
  const answer = await consent(await begin(engine, { provider: "demo" }));
  expect(await refused({ ...answer, state: `${answer.state}x` })).toEqual(["state_invalid", null]);
  expect(await refused({ ...answer, iss: "https://evil.example" })).toEqual(["issuer_mismatch", returnUrl]);
  const late = await consent(await begin(engine, { provider: "demo" }));
  await rig.pool.query("UPDATE oauth_states SET expires_at = now() - interval '1 second' WHERE used_at IS NULL");
  expect(await refused(late)).toEqual(["state_expired", returnUrl]);
  const moved = await consent(await begin(engine, { provider: "demo" }));
  expect(await refused({ ...moved, redirectUri: "https://app.example/x" })).toEqual([
    "redirect_uri_mismatch",
    returnUrl,
  ]);
  const bare = await begin(engine, { provider: "demo" });
  expect(await refused({ state: bare.state, binding })).toEqual(["code_missing", returnUrl]);
  expect(await refused(await consent(await begin(engine, { provider: "demo" }), "ada", "cancel"))).toEqual([
    "consent_refused",
    returnUrl,
  ]);
  expect([await count(rig, "connections"), await count(rig, "outbox")]).toEqual([0, 0]);
});

test("a flow that a browser began is finished by no other one", async () => {
  const rig = await createConnectRig();
  const binding = "b".repeat(43);
  const { binding: _, ...stolen } = await consent(await begin(rig.engine, { binding }));
  expect(await completeConnect(rig.engine, stolen)).toMatchObject({ code: "state_invalid", returnUrl: null });
  expect(await completeConnect(rig.engine, { ...stolen, binding: "c".repeat(43) })).toMatchObject({
    code: "state_invalid",
  });
  expect(await completeConnect(rig.engine, { ...stolen, binding })).toMatchObject({ kind: "connected" });
});

test("a code that was used, or is another flow's, brings nothing", async () => {
  const rig = await createDemoRig();
  const [first, second] = [
    await begin(rig.engine, { provider: "demo" }),
    await begin(rig.engine, { provider: "demo" }),
  ];
  const answer = await consent(first);
  // Another flow's code does not fit this flow's verifier (RFC 7636): what code injection would try.
  expect(await completeConnect(rig.engine, { ...answer, state: second.state })).toMatchObject({ code: "code_invalid" });
  const third = await begin(rig.engine, { provider: "demo" });
  const good = await consent(third);
  expect(await completeConnect(rig.engine, good)).toMatchObject({ kind: "connected" });
  const fourth = await begin(rig.engine, { provider: "demo" });
  expect(await completeConnect(rig.engine, { ...good, state: fourth.state })).toMatchObject({ code: "code_invalid" });
});

test("trouble at the provider's token endpoint has its code, and leaves nothing behind", async () => {
  const rig = await createConnectRig({ REQUEST_TIMEOUT_MS: "500" });
  const cases = [
    [lies.serverError, "provider_unavailable"],
    [lies.unavailable(), "provider_unavailable"],
    [lies.invalidClient, "invalid_client"],
    [lies.invalidGrant, "code_invalid"],
    [lies.throttled(1), "rate_limited"],
    [lies.html200, "provider_unavailable"],
    [lies.hugeBody(), "provider_unavailable"],
    [{ kind: "hang" }, "provider_unavailable"],
    [{ kind: "cut_before_answer" }, "provider_unavailable"],
    [{ kind: "lie", status: 418, body: "{}" }, "unknown_answer"],
  ] as const;
  for (const [behaviour, code] of cases) {
    await rig.server.behave(behaviour, { next: 1 });
    const done = await completeConnect(rig.engine, await consent(await begin(rig.engine)));
    expect
      .soft([JSON.stringify(behaviour), done])
      .toMatchObject([JSON.stringify(behaviour), { kind: "refused", code, returnUrl }]);
  }
  expect([await count(rig, "connections"), await count(rig, "outbox")]).toEqual([0, 0]);
});

test("an account that the provider does not name is not connected", async () => {
  const server = await startTokenServer();
  const rig = await createConnectRig({ ACME_IDENTITY_URL: `${server.url}/nowhere` }, server);
  const done = await completeConnect(rig.engine, await consent(await begin(rig.engine)));
  expect(done).toMatchObject({ kind: "refused", code: "identity_unavailable" });
  expect(await count(rig, "connections")).toBe(0);
});

test("a company that only the redirect names: two of one person are two connections, and none is connected unnamed", async () => {
  const server = await startTokenServer({ client: { id: "client", secret: "client-secret" } });
  const quickbooks = {
    QUICKBOOKS_AUTHORIZE_URL: server.authorizeUrl,
    QUICKBOOKS_TOKEN_URL: server.tokenUrl,
    QUICKBOOKS_CLIENT_ID: "client",
    QUICKBOOKS_CLIENT_SECRET: "client-secret",
  };
  const rig = await createConnectRig(quickbooks, server);
  const connect = async (parameters?: Record<string, string>) =>
    completeConnect(rig.engine, {
      ...(await consent(await begin(rig.engine, { provider: "quickbooks" }))),
      parameters,
    });
  const first = (await connect({ realmId: "9130", other: "dropped" })) as { connectionId: string };
  const second = (await connect({ realmId: "9131" })) as { connectionId: string };
  const row = await rig.row(first.connectionId);
  expect(row).toMatchObject({ external_account_id: "9130", metadata: { realmId: "9130" } });
  expect(row.metadata).not.toHaveProperty("other");
  expect(await rig.row(second.connectionId)).toMatchObject({ external_account_id: "9131", generation: 1 });
  expect(await connect({ realmId: "9130" })).toMatchObject({ connectionId: first.connectionId, reconnected: true });
  for (const parameters of [undefined, {}, { realmId: "" }, { realmId: "a\0b" }, { realmId: "9".repeat(513) }]) {
    expect(await connect(parameters)).toMatchObject({ kind: "refused", code: "identity_unavailable" });
  }
  expect(await count(rig, "connections")).toBe(2);
});

test("reconnecting keeps id and history; another account is refused; a second account is a second connection", async () => {
  const rig = await createDemoRig();
  const { engine } = rig;
  const connect = async (login: string, connectionId?: string) =>
    completeConnect(
      engine,
      await consent(await begin(engine, { provider: "demo", ...(connectionId && { connectionId }) }), login),
    );
  const first = (await connect("ada")) as { connectionId: string };
  await rig.client.refresh(first.connectionId);
  await patch(
    rig,
    first.connectionId,
    "status = 'needs_reauth', last_error_code = 'refresh_token_expired', next_refresh_at = NULL",
  );

  expect(await connect("bob", first.connectionId)).toMatchObject({ kind: "refused", code: "another_account" });
  expect(await rig.row(first.connectionId)).toMatchObject({ status: "needs_reauth", generation: 2 });
  expect(await connect("ada", first.connectionId)).toMatchObject({
    connectionId: first.connectionId,
    reconnected: true,
  });
  expect(await rig.row(first.connectionId)).toMatchObject({
    status: "connected",
    generation: 3,
    last_error_code: null,
  });
  expect(await rig.log(first.connectionId)).toHaveLength(1);
  expect(await events(rig, first.connectionId)).toContain("connection.reconnected");
  expect(await rig.client.refresh(first.connectionId)).toMatchObject({ generation: 4 });
  // Without a word about which: the account tells.
  expect(await connect("ada")).toMatchObject({ connectionId: first.connectionId, reconnected: true });
  const second = await connect("bob");
  expect(second).toMatchObject({ kind: "connected", reconnected: false });
  expect(await count(rig, "connections")).toBe(2);
});

test("an imported connection that does not say whose it is learns it when it is reconnected", async () => {
  const rig = await createDemoRig();
  const { id } = await rig.client.connections.import({ userId: "u", provider: "demo", accessToken: "old" });
  const flow = await begin(rig.engine, { provider: "demo", connectionId: id });
  expect(await completeConnect(rig.engine, await consent(flow))).toMatchObject({ connectionId: id, reconnected: true });
  expect(await rig.row(id)).toMatchObject({ external_account_id: "ada", generation: 2 });
  expect(await count(rig, "connections")).toBe(1);
});

test("scopes that were asked for and not granted are reported, and stored as granted", async () => {
  const rig = await createConnectRig({ ACME_SCOPES: "profile files.read openid offline_access" });
  const done = await completeConnect(rig.engine, await consent(await begin(rig.engine)));
  expect(done).toMatchObject({ kind: "connected", missingScopes: ["files.read"] });
  expect(await rig.row((done as { connectionId: string }).connectionId)).toMatchObject({ scopes: ["profile"] });
  const { connectionId } = done as { connectionId: string };
  expect(await rig.client.getAccessToken(connectionId, { scopes: ["profile"] })).toMatchObject({ warning: null });
  const asked = rig.client.getAccessToken(connectionId, { scopes: ["profile", "files.read"] });
  await expect(asked).rejects.toMatchObject({
    code: "insufficient_scope",
    message: expect.stringContaining("files.read"),
  });
  await rig.server.configure({ answerOmits: ["scope"] });
  const silent = await completeConnect(rig.engine, await consent(await begin(rig.engine, { userId: "v" })));
  expect(silent).toMatchObject({ missingScopes: [] });
});

test("disconnecting ends the grant at the provider, and erases the tokens whatever the provider does", async () => {
  const { demo, ...rig } = await createDemoRig();
  const connect = async () =>
    (await completeConnect(rig.engine, await consent(await begin(rig.engine, { provider: "demo" })))) as {
      connectionId: string;
    };
  const { connectionId } = await connect();
  const { accessToken } = await rig.client.getAccessToken(connectionId);
  expect(await isActive(demo, accessToken)).toBe(true);
  expect(await disconnectAndRevoke(rig.engine, connectionId)).toEqual({ disconnected: true, revoked: "yes" });
  expect(await isActive(demo, accessToken)).toBe(false);
  expect(await rig.row(connectionId)).toMatchObject({
    status: "disconnected",
    access_token: null,
    refresh_token: null,
  });
  expect(await disconnectAndRevoke(rig.engine, connectionId)).toEqual({
    disconnected: false,
    revoked: "not_supported",
  });

  await connect();
  await demo.stop();
  expect(await disconnectAndRevoke(rig.engine, connectionId)).toEqual({ disconnected: true, revoked: "later" });
  expect(await rig.row(connectionId)).toMatchObject({
    status: "disconnected",
    access_token: null,
    refresh_token: null,
  });
  await until("the job is gone", async () => (await rig.queues.refreshQueue("demo").getDelayedCount()) === 0);
});

test("with Redis away an account is connected all the same", async () => {
  const rig = await createConnectRig();
  const { engine } = openTestEngine({ ...rig.env, REDIS_URL: "redis://127.0.0.1:1" });
  const started = Date.now();
  const done = await completeConnect(engine, await consent(await begin(engine)));
  expect(done).toMatchObject({ kind: "connected" });
  expect(Date.now() - started).toBeLessThan(5000);
  expect((await rig.row((done as { connectionId: string }).connectionId)).next_refresh_at).toBeInstanceOf(Date);
});
