import { randomBytes } from "node:crypto";
import { completeConnect, createGrantHashing, fromEngine } from "@evertoken/engine/internal";
import { rotateKeys } from "@evertoken/operations";
import { expect, test } from "vitest";
import { runInProcess } from "../e2e/evertoken-command.ts";
import { begin, consent, createConnectRig, openTestEngine } from "../support/connect-rig.ts";
import { forgetProcesses, patch } from "../support/drive.ts";
import { createRig, type Env, hasty, providerEnv, type Rig } from "../support/rig.ts";
import { type IssuedTokenSet, startTokenServer } from "../support/token-server.ts";

/** Two entries of one maker, with one registration, beside one that another client has and one that does not rotate. */
async function createMakersRig(env: Env = {}): Promise<Rig> {
  const server = await startTokenServer({ marker: "canary" });
  const entries = ["acme", "beta", "other", "still"];
  return createRig({
    server,
    env: {
      ...hasty,
      ...Object.assign({}, ...entries.map((id) => providerEnv(id, server))),
      ...{ EVERTOKEN_GENERIC_PROVIDERS: entries.join(","), OTHER_CLIENT_ID: "another client", STILL_ROTATION: "none" },
      ...env,
    },
  });
}

async function issue({ server }: Pick<Rig, "server">): Promise<IssuedTokenSet> {
  const [issued] = await server.issue();
  if (issued === undefined) throw new Error("nothing was issued");
  return issued;
}

const rowOf = (issued: IssuedTokenSet, more: object = {}) => ({
  ...{ userId: "a", provider: "acme", externalAccountId: issued.accountId, accessToken: issued.accessToken },
  ...{ refreshToken: issued.refreshToken, expiresIn: 1800, ...more },
});

const count = async ({ pool }: Pick<Rig, "pool">) => (await pool.query("SELECT FROM connections")).rowCount;

test("of two connections one holds a refresh token, whoever brings it under which name, and it is spent once", async () => {
  const rig = await createMakersRig();
  const issued = await issue(rig);
  const { id } = await rig.client.connections.import(rowOf(issued));
  for (const other of [{ userId: "b" }, { externalAccountId: "another" }, { provider: "beta" }]) {
    const second = rig.client.connections.import(rowOf(issued, other));
    await expect(second).rejects.toMatchObject({ code: "grant_in_use", message: expect.stringContaining(id) });
  }
  expect(await count(rig)).toBe(1);
  // To another client it is another token, and where nothing rotates many may hold one.
  for (const other of [{ provider: "other" }, { provider: "still" }, { provider: "still", userId: "b" }]) {
    await rig.client.connections.import(rowOf(issued, other));
  }
  expect(await rig.client.refresh(id)).toMatchObject({ generation: 2 });
  // What was spent is nobody's, what came is held.
  const [row] = (await rig.pool.query("SELECT grant_hash FROM connections WHERE id = $1", [id])).rows;
  expect(row.grant_hash).toMatch(/^[\w-]{22}$/);
  expect(await rig.server.summary()).toMatchObject({ granted: 1, reuse: 0 });
});

test("an export that is imported again for other users, after its grants were rotated, brings no spent token back", async () => {
  const rig = await createMakersRig();
  const issued = await issue(rig);
  const { id } = await rig.client.connections.import(rowOf(issued));
  await rig.client.refresh(id);
  await rig.client.refresh(id);
  for (const other of [{ userId: "b" }, { externalAccountId: "another" }, { userId: "b", overwrite: true }]) {
    const again = rig.client.connections.import(rowOf(issued, other));
    await expect(again).rejects.toMatchObject({ code: "grant_in_use", message: expect.stringContaining(id) });
  }
  // Not even an end that is that of something else makes it newer; the operator's own word does.
  const farEnd = { expiresIn: undefined, expiresAt: new Date(Date.now() + 90 * 86_400_000) };
  expect(await rig.client.connections.import(rowOf(issued, farEnd))).toMatchObject({ skipped: "not_newer" });
  expect(await rig.client.refresh(id)).toMatchObject({ generation: 4 });
  expect(await rig.server.summary()).toMatchObject({ granted: 3, reuse: 0 });
  const forced = await rig.client.connections.import(rowOf(issued, { overwrite: true }));
  expect(forced).toMatchObject({ id, generation: 5, skipped: null });
});

test("two lines of one file at the same moment: one is stored, the other is bad and names the connection", async () => {
  const rig = await createMakersRig({ LOG_LEVEL: "error" });
  const issued = await issue(rig);
  const input = ["a", "b", "c"].map((userId) => JSON.stringify(rowOf(issued, { userId }))).join("\n");
  const { code, stdout } = await runInProcess(["connections", "import", "--json"], { env: rig.env, input });
  const { connections, bad } = JSON.parse(stdout);
  expect([code, connections.length, bad.length]).toEqual([1, 1, 2]);
  for (const each of bad) {
    expect(each).toMatchObject({ code: "grant_in_use", message: expect.stringContaining(connections[0].id) });
  }
});

test("a disconnected account, and one that waits for its user, hold nothing against another", async () => {
  const rig = await createMakersRig();
  const [gone, dead] = [await issue(rig), await issue(rig)];
  const first = await rig.client.connections.import(rowOf(gone));
  await rig.client.connections.disconnect(first.id);
  await rig.client.connections.import(rowOf(gone, { userId: "b" }));
  const second = await rig.client.connections.import(rowOf(dead));
  await patch(rig, second.id, "status = 'needs_reauth'");
  await rig.client.connections.import(rowOf(dead, { userId: "b" }));
  expect(await rig.row(second.id)).toMatchObject({ status: "needs_reauth", refresh_token: null, grant_hash: null });
});

test("a provider that gives two connections one refresh token: both are stored, one may spend it", async () => {
  const rig = await createMakersRig();
  const [first, second, shared] = [await rig.connect(), await rig.connect(), await issue(rig)];
  const answer = {
    access_token: "canary.fresh",
    refresh_token: shared.refreshToken,
    token_type: "Bearer",
    expires_in: 1800,
  };
  const headers = { "content-type": "application/json" };
  await rig.server.behave({ kind: "lie", status: 200, headers, body: JSON.stringify(answer) }, { next: 2 });
  const tokens = await Promise.all([first, second].map(({ id }) => rig.client.refresh(id)));
  expect(tokens).toMatchObject([
    { generation: 2, accessToken: "canary.fresh" },
    { generation: 2, accessToken: "canary.fresh" },
  ]);
  const rows = await Promise.all([first, second].map(({ id }) => rig.row(id)));
  const [holder, other] = rows.sort((a, b) => (a.refresh_token === null ? 1 : 0) - (b.refresh_token === null ? 1 : 0));
  expect(holder).toMatchObject({ status: "connected", last_error_code: null });
  expect(other).toMatchObject({ status: "connected", refresh_token: null, last_error_code: "grant_in_use" });
  expect(other?.last_error_message).toContain(holder?.id);
  expect(other?.next_refresh_at).toEqual(other?.expires_at);
  await rig.client.refresh(holder?.id);
  await expect(rig.client.refresh(other?.id)).resolves.toMatchObject({ warning: { code: expect.any(String) } });
  expect(await rig.server.summary()).toMatchObject({ granted: 1, reuse: 0 });
});

test("what a former version stored twice is found, told of loudly, and spent once", async () => {
  const rig = await createMakersRig();
  const { engine, engineOutput } = openTestEngine(rig.env);
  const [first, second, still] = [await rig.connect(), await rig.connect(), await rig.connect({ provider: "still" })];
  for (const { id } of [second, first]) {
    const sealed = engine.keyring.seal(
      first.refreshToken,
      { id, provider: rig.provider, registration: "default" },
      "refresh_token",
    );
    await patch(rig, id, "refresh_token = $2, grant_hash = NULL", [sealed]);
  }
  await patch(rig, still.id, "grant_hash = NULL");
  const hashGrants = createGrantHashing(engine);
  expect(await hashGrants()).toEqual({ hashed: 2, heldTwice: 1 });
  expect(await hashGrants()).toEqual({ hashed: 0, heldTwice: 0 });
  const rows = await Promise.all([first, second].map(({ id }) => rig.row(id)));
  const disarmed = rows.find(({ refresh_token }) => refresh_token === null);
  expect(disarmed).toMatchObject({ status: "connected", last_error_code: "grant_in_use" });
  expect(engineOutput()).toContain("two connections held the same refresh token");
  const doctor = await runInProcess(["doctor", "--json"], { env: rig.env });
  expect(doctor.stdout).toContain(`${disarmed?.id} lives to the end of its access token`);
  for (const { id } of rows) await rig.client.refresh(id).catch(() => {});
  expect(await rig.server.summary()).toMatchObject({ granted: 1, reuse: 0 });
});

test("a former version's copy of a token that its other holder has spent since is taken away, not spent again", async () => {
  const rig = await createMakersRig();
  const { engine } = openTestEngine(rig.env);
  const [issued, copy] = [await issue(rig), await rig.connect()];
  const { id } = await rig.client.connections.import(rowOf(issued));
  await rig.client.refresh(id);
  const owner = { id: copy.id, provider: rig.provider, registration: "default" };
  const sealed = engine.keyring.seal(issued.refreshToken, owner, "refresh_token");
  await patch(rig, copy.id, "refresh_token = $2, grant_hash = NULL", [sealed]);
  expect(await createGrantHashing(engine)()).toEqual({ hashed: 0, heldTwice: 1 });
  expect(await rig.row(copy.id)).toMatchObject({ refresh_token: null, last_error_code: "grant_in_use" });
  await rig.client.refresh(copy.id).catch(() => {});
  expect(await rig.server.summary()).toMatchObject({ granted: 1, reuse: 0 });
});

test("a new encryption key changes no hash: the holder keeps its grant", async () => {
  const rig = await createMakersRig();
  const issued = await issue(rig);
  const { id } = await rig.client.connections.import(rowOf(issued));
  const [young, old] = [randomBytes(32).toString("hex"), rig.env.ENCRYPTION_KEY];
  const { engine } = openTestEngine({ ...rig.env, ENCRYPTION_KEY: `${young},${old}` });
  await forgetProcesses(rig);
  expect((await rotateKeys(engine, () => {})).retired).toHaveLength(1);
  const input = JSON.stringify(rowOf(issued, { userId: "b" }));
  const { stdout } = await runInProcess(["connections", "import", "--json"], {
    env: { ...rig.env, ENCRYPTION_KEY: young },
    input,
  });
  expect(JSON.parse(stdout).bad).toMatchObject([{ code: "grant_in_use", message: expect.stringContaining(id) }]);
});

test("an encryption key that is gone for good takes the key of the hashes along, and a new one is made", async () => {
  const rig = await createMakersRig();
  const first = await issue(rig);
  await rig.client.connections.import(rowOf(first));
  await rig.pool.query("DELETE FROM encryption_keys");
  const { engine } = openTestEngine({ ...rig.env, ENCRYPTION_KEY: randomBytes(32).toString("hex") });
  const client = fromEngine(engine);
  const second = await issue(rig);
  const { id } = await client.connections.import(rowOf(second));
  await expect(client.connections.import(rowOf(second, { userId: "b" }))).rejects.toMatchObject({
    message: expect.stringContaining(id),
  });
});

test("who connects an account whose refresh token another one holds: the same user's account it is, another user is refused", async () => {
  const rig = await createConnectRig();
  const issued = await issue(rig);
  const { id } = await rig.client.connections.import(rowOf(issued, { userId: "u", externalAccountId: "as imported" }));
  const connect = async (userId: string) => {
    const flow = await begin(rig.engine, { userId });
    const answer = { access_token: issued.accessToken, refresh_token: issued.refreshToken, expires_in: 1800 };
    const headers = { "content-type": "application/json" };
    await rig.server.behave({ kind: "lie", status: 200, headers, body: JSON.stringify(answer) }, { next: 1 });
    return completeConnect(rig.engine, await consent(flow));
  };
  expect(await connect("another")).toMatchObject({ kind: "refused", code: "grant_in_use" });
  expect(await connect("u")).toMatchObject({ kind: "connected", connectionId: id, reconnected: true });
  expect(await count(rig)).toBe(1);
  expect(await rig.client.refresh(id)).toMatchObject({ generation: 3 });
});
