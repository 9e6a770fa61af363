import { createHmac } from "node:crypto";
import { expect, test } from "vitest";
import { binding, consent, returnUrl } from "../support/connect-rig.ts";
import { runTask } from "../support/drive.ts";
import { engineOf } from "../support/engine-of.ts";
import { goodMetadata, startMetadataServer } from "../support/metadata-server.ts";
import { startReceiver } from "../support/receiver.ts";
import { hasty, until } from "../support/rig.ts";
import { startApi } from "./api-harness.ts";

const client = { client_id: "client", client_secret: "canary-client-secret" };
const env = { ...hasty, PUBLIC_URL: "https://api.example", RETURN_URL_ALLOWLIST: "https://app.example" };

/** A stored provider with everything that it is sent: honest, but for a revoke endpoint that does not answer yet. And another origin. */
async function startAll() {
  const api = await startApi({
    server: { marker: "canary", client: { id: client.client_id, secret: client.client_secret } },
    env: { ...env, RECONCILE_CRON: "0 0 1 1 *" },
  });
  const { server } = api.rig;
  const [honest, evil] = [await startReceiver(), await startReceiver()];
  honest.reply({ status: 503 });
  const words = {
    ...{ token_url: server.tokenUrl, authorize_url: server.authorizeUrl, identity_url: server.identityUrl },
    revoke_url: honest.url,
  };
  const added = await api.ask("POST /v1/providers", { body: { id: "own", ...words, ...client } });
  expect(added.status, added.text).toBe(201);
  const replace = (body: object) => api.ask("PUT /v1/providers/own", { body });
  const refused = (status: number, code: string, body: object) =>
    api.refused("PUT /v1/providers/own", status, code, { body });
  const whole = {
    name: "Own",
    docs: "https://own.example",
    tokenUrl: server.tokenUrl,
    policy: { lifetimeSeconds: 3600 },
  };
  const shown = async () => (await api.ask("GET /v1/providers/own")).body.definition;
  return { api, honest, evil, words, replace, refused, whole, shown };
}

/** What connects, refreshes, syncs and revokes, all of it. */
async function useAll({ api }: Awaited<ReturnType<typeof startAll>>, id: string) {
  await api.ask(`POST /v1/connections/${id}/refresh`, { body: { force: true } });
  await api.ask(`POST /v1/connections/${id}/sync`);
  await api.ask(`DELETE /v1/connections/${id}`);
}

test("no address of a stored provider leads elsewhere while it has connections: the other origin is sent nothing", async () => {
  const all = await startAll();
  const { api, evil, words, refused, whole, shown } = all;
  await api.rig.start("worker");
  const { id } = await api.rig.connect({ provider: "own" });
  const before = await shown();
  const part = { url: evil.url };
  const definitions = [
    { refresh: part },
    { code: part },
    { longLived: part },
    { revoke: part },
    { identity: { ...part, id: "sub" } },
    { derived: { ...part, list: "data", id: "id", name: "name", accessToken: "token", next: "next" } },
    { tokenUrl: evil.url },
    { authorizeUrl: evil.url },
    {
      tokenUrl: "http://{host}/token",
      placeholders: { host: { pattern: ".*", default: new URL(evil.url).host, example: "x" } },
    },
  ].map((more) => ({ definition: { ...whole, ...more } }));
  const inWords = ["token_url", "revoke_url", "identity_url", "authorize_url"].map((name) => ({
    ...words,
    [name]: evil.url,
  }));
  for (const body of [...definitions, ...inWords]) {
    for (const secret of [{}, { client_id: client.client_id }, client]) {
      const asked = { ...body, ...secret };
      // The secret that is left out is missing whatever else is right.
      const { body: problem } = await refused(409, "provider_in_use", asked);
      expect(problem.detail).toMatch(/^1 connection depends on own; \S+.* cannot be changed$/);
    }
  }
  expect(await shown()).toEqual(before);
  await useAll(all, id);
  expect(evil.received).toEqual([]);
});

test("an issuer that says the same today may say something else tomorrow: it is another server", async () => {
  const { api, words, refused } = await startAll();
  await api.rig.connect({ provider: "own" });
  const issuer = await startMetadataServer();
  issuer.answer = (_, at) => ({
    body: { ...goodMetadata(at), token_endpoint: words.token_url, authorization_endpoint: words.authorize_url },
  });
  const { body: problem } = await refused(409, "provider_in_use", { ...words, issuer: issuer.issuer });
  expect(problem.detail).toContain("issuer");
});

test("without connections it needs the secret again, and nothing of the old server left: grants, other secrets, flows", async () => {
  const all = await startAll();
  const { api, evil, honest, words, refused, replace, shown } = all;
  const { rig } = api;
  const moved = { ...words, revoke_url: evil.url, token_url: evil.url };
  const begun = await api.ask("POST /v1/connect/authorize", {
    body: { user_id: "u", provider: "own", return_url: returnUrl, redirect_uri: `${returnUrl}/own`, binding },
  });
  const { state, code } = await consent(begun.body);

  for (const secret of [{}, { client_id: client.client_id }, { client_id: "another" }]) {
    const { body: problem } = await refused(400, "invalid_input", { ...moved, ...secret });
    expect(problem.detail).toContain("clientSecret");
  }
  const { id } = await rig.connect({ provider: "own" });
  await api.ask(`DELETE /v1/connections/${id}`);
  expect((await refused(409, "provider_in_use", { ...moved, ...client })).body.detail).toContain(
    "to be confirmed, or revoked",
  );
  honest.reply({ status: 200 });
  await rig.pool.query("UPDATE revocations SET next_attempt_at = now()");
  await Promise.all([rig.start("worker"), rig.start("scheduler")]);
  await until("the grant is revoked", async () => {
    await runTask(rig, "reconcile");
    return (await rig.pool.query("SELECT FROM revocations")).rowCount === 0;
  });
  const other = "PUT /v1/registrations/own/acme-inc";
  await api.ask(other, { body: { client_id: "theirs", client_secret: "canary-of-acme" } });
  expect((await refused(409, "provider_in_use", { ...moved, ...client })).body.detail).toContain("registrations");
  await api.ask("DELETE /v1/registrations/own/acme-inc");

  const done = await replace({ ...moved, client_id: "client", client_secret: "of-the-new-server" });
  expect(done.status, done.text).toBe(200);
  expect((await shown()).tokenUrl).toBe(evil.url);
  const answer = { state, code, redirect_uri: `${returnUrl}/own`, binding };
  await api.refused("POST /v1/connect/callback", 400, "state_invalid", { key: null, body: answer });
  const again = await rig.connect({ provider: "own" });
  await useAll(all, again.id);
  const sent = JSON.stringify(evil.received);
  expect(evil.received.length).toBeGreaterThan(0);
  // Its own secret, and what was imported for it: nothing from before.
  expect(sent).not.toMatch(/canary-client-secret|canary-of-acme/);
  expect(sent).not.toContain(code);
});

test("removed and added again under the same id it is another one: what waited to be revoked is not told to it", async () => {
  const all = await startAll();
  const { api, evil, words } = all;
  const { rig } = api;
  const { id } = await rig.connect({ provider: "own" });
  expect((await api.ask(`DELETE /v1/connections/${id}`)).body).toMatchObject({ revoked: "later" });
  expect((await api.ask("DELETE /v1/providers/own")).status).toBe(204);
  await api.ask("POST /v1/providers", {
    body: { ...words, id: "own", revoke_url: evil.url, client_id: "c", client_secret: "d" },
  });
  await rig.pool.query("UPDATE revocations SET next_attempt_at = now()");
  await Promise.all([rig.start("worker"), rig.start("scheduler")]);
  await runTask(rig, "reconcile");
  const { engine } = engineOf(rig.env);
  expect((await engine.pool.query("SELECT FROM revocations")).rowCount).toBe(0);
  await runTask(rig, "reconcile");
  expect(evil.received).toEqual([]);
});

test("a secret belongs to its client id: another one needs its own", async () => {
  const { api, words, refused, replace } = await startAll();
  const path = "PUT /v1/registrations/own/acme-inc";
  await api.ask(path, { body: { client_id: "theirs", client_secret: "canary-of-acme" } });
  const { body: problem } = await api.refused(path, 400, "invalid_input", { body: { client_id: "others" } });
  expect(problem.errors).toMatchObject([{ field: "client_secret" }]);
  expect((await api.ask(path, { body: { client_id: "theirs" } })).body).toMatchObject({ has_secret: true });
  expect((await api.ask(path, { body: { client_id: "others", client_secret: null } })).body).toMatchObject({
    has_secret: false,
  });
  expect((await api.ask(path, { body: { client_id: "theirs" } })).status).toBe(200);
  await refused(400, "invalid_input", { ...words, client_id: "others" });
  expect((await replace({ ...words, client_id: "client" })).status).toBe(200);
});

test("a webhook that moves to another origin is signed with a new secret, so that what it gets counts nowhere else", async () => {
  const { api } = await startAll();
  const [own, other] = [await startReceiver(), await startReceiver()];
  const made = await api.ask("POST /v1/webhooks", { body: { target: own.url, events: ["connection.created"] } });
  const path = `PATCH /v1/webhooks/${made.body.id}`;
  expect((await api.ask(path, { body: { target: `${own.url}/other`, enabled: true } })).body.secret).toBeNull();
  const moved = await api.ask(path, { body: { target: other.url } });
  expect(moved.body.secret).toMatch(/^whsec_/);
  await api.rig.start("worker");
  await api.rig.connect();
  await until("it is delivered", async () => other.received.length > 0);
  const [{ headers, body }] = other.received as [(typeof other.received)[0]];
  const signature = (secret: string) =>
    createHmac("sha256", Buffer.from(secret.slice("whsec_".length), "base64"))
      .update(`${headers["webhook-id"]}.${headers["webhook-timestamp"]}.${body}`)
      .digest("base64");
  expect(headers["webhook-signature"]).toBe(`v1,${signature(moved.body.secret)}`);
  expect(headers["webhook-signature"]).not.toContain(signature(made.body.secret));
});
