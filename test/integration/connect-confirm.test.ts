import { randomBytes } from "node:crypto";
import { createEvertoken as createClient } from "@evertoken/client";
import { createEvertoken } from "@evertoken/engine";
import { dropUnconfirmed } from "@evertoken/engine/internal";
import { rotateKeys } from "@evertoken/operations";
import { expect, test } from "vitest";
import { Browser } from "../support/browser.ts";
import { closedPort } from "../support/closed-port.ts";
import { consent, isActive, openTestEngine, startDemo } from "../support/connect-rig.ts";
import { forgetProcesses, runTask } from "../support/drive.ts";
import { type Env, hasty, until } from "../support/rig.ts";
import { startTokenServer } from "../support/token-server.ts";
import { type Api, startApi } from "./api-harness.ts";

const returnUrl = "https://app.example/done";

/** The API as a process, and a provider that gives consent at once to whoever is sent there. */
async function startAll(env: Env = {}) {
  const server = await startTokenServer({ marker: "canary" });
  const publicUrl = `http://127.0.0.1:${await closedPort()}`;
  const connecting = { ACME_AUTHORIZE_URL: server.authorizeUrl, ACME_SCOPES: "profile", PUBLIC_URL: publicUrl };
  const settings = { ...connecting, RETURN_URL_ALLOWLIST: "https://app.example", RECONCILE_CRON: "0 0 1 1 *" };
  const api = await startApi({ server, env: { ...settings, ...env } }, { API_PORT: new URL(publicUrl).port });
  return { api, server, publicUrl };
}

async function begin(api: Api, userId: string, more: object = {}): Promise<{ url: string; state: string }> {
  const body = { user_id: userId, provider: "acme", return_url: returnUrl, confirm: true, ...more };
  const begun = await api.ask("POST /v1/connect/authorize", { body });
  expect(begun.status, begun.text).toBe(200);
  return begun.body;
}

/** Opens an address, gives consent, and comes back. @returns what the app finds in the query of its return URL */
async function goThrough(browser: Browser, address: string): Promise<URLSearchParams> {
  const out = await browser.get(address);
  expect(out.status, out.text).toBe(303);
  const back = await browser.get((await browser.get(out.location as URL)).location as URL);
  expect(back.status, back.text).toBe(303);
  expect(back.location?.href).toMatch(`${returnUrl}?`);
  return (back.location as URL).searchParams;
}

const confirming = (query: URLSearchParams, userId: string) => ({
  body: { confirmation: query.get("confirmation") ?? "none", user_id: userId },
});

const families = async ({ server }: Awaited<ReturnType<typeof startAll>>) => (await server.summary()).families;
const countOf = async (api: Api, table: string) =>
  (await api.rig.pool.query(`SELECT count(*)::int AS n FROM ${table}`)).rows[0].n;

test("what comes back is neither served nor refreshed before the app has confirmed it for its user, and then once", async () => {
  const all = await startAll(hasty);
  const { api } = all;
  const { url, state } = await begin(api, "ada");
  const query = await goThrough(new Browser(), url);
  expect(Object.fromEntries(query)).toEqual({
    ...{ status: "pending", provider: "acme", state, confirmation: expect.stringMatching(/^[\w-]{43}$/) },
  });
  expect([await countOf(api, "connections"), await countOf(api, "pending_grants")]).toEqual([0, 1]);
  await api.refused("GET /v1/users/ada/providers/acme/token", 404, "connection_not_found");
  expect((await api.ask("GET /v1/users/ada/health")).body).toEqual({ data: [] });
  const { rows } = await api.rig.pool.query("SELECT * FROM pending_grants, oauth_states");
  expect(JSON.stringify(rows)).not.toMatch(/canary/);
  expect(JSON.stringify(rows)).not.toContain(query.get("confirmation"));

  const confirmed = await Promise.all(
    Array.from({ length: 5 }, () => api.ask("POST /v1/connect/confirm", confirming(query, "ada"))),
  );
  const [first] = confirmed;
  expect(first?.body, first?.text).toMatchObject({ status: "connected", provider: "acme", reconnected: false });
  for (const each of confirmed) expect([each.status, each.body]).toEqual([200, first?.body]);
  const row = await api.rig.row(first?.body.connection_id);
  expect(row).toMatchObject({ user_id: "ada", status: "connected", generation: 1 });
  expect((await api.ask("POST /v1/connect/confirm", confirming(query, "ada"))).body).toEqual(first?.body);
  expect((await api.ask("GET /v1/users/ada/providers/acme/token")).body.access_token).toContain("canary");
  expect([await countOf(api, "connections"), await countOf(api, "pending_grants")]).toEqual([1, 0]);
  // Once it is stored, another user's word changes nothing.
  await api.refused("POST /v1/connect/confirm", 409, "confirmed_for_another", confirming(query, "bob"));
  expect(await families(all)).toEqual({ alive: 1, revoked: 0 });
  expect((await api.rig.client.refresh(row.id)).generation).toBe(2);
});

test("an address that was made for one user and sent to another connects nothing for the one, and ends the grant", async () => {
  const all = await startAll();
  const { api } = all;
  const { url } = await begin(api, "attacker");
  // The victim's browser comes back to the app, which knows the victim.
  const query = await goThrough(new Browser(), url);
  const { text } = await api.refused(
    "POST /v1/connect/confirm",
    409,
    "confirmed_for_another",
    confirming(query, "victim"),
  );
  expect(text).toContain("another user");
  await api.refused("GET /v1/users/attacker/providers/acme/token", 404, "connection_not_found");
  expect(await families(all)).toEqual({ alive: 0, revoked: 1 });
  // The attacker gets to know the confirmation too late.
  await api.refused("POST /v1/connect/confirm", 410, "confirmation_expired", confirming(query, "attacker"));
  expect([await countOf(api, "connections"), await countOf(api, "pending_grants")]).toEqual([0, 0]);
  expect(await countOf(api, "revocations")).toBe(0);
  const { rows } = await api.rig.pool.query(
    "SELECT actor, action, address FROM audit_log WHERE action LIKE 'connect.%' AND NOT detail ? 'count' ORDER BY id",
  );
  expect(rows[1]).toMatchObject({ actor: expect.stringMatching(/^user:/), address: "127.0.0.1" });
  expect(rows.map(({ action }) => action)).toEqual([
    "connect.begun",
    "connect.pending",
    "connect.confirmed_for_another",
  ]);
  expect(JSON.stringify(rows)).not.toMatch(/attacker|victim/);
  expect(api.app.output()).not.toMatch(/canary|attacker|victim/);
});

test("nor does the provider's page that the attacker's own browser was sent to: the answer counts in that browser only", async () => {
  const all = await startAll();
  const { api, server } = all;
  const attacker = new Browser();
  const { url, state } = await begin(api, "attacker");
  const page = (await attacker.get(url)).location as URL;
  const victim = new Browser();
  const back = (await victim.get(page)).location as URL;
  const asks: [Browser, URL][] = [
    [victim, back],
    [new Browser(), back],
  ];
  for (const [browser, address] of asks) {
    const told = await browser.get(address);
    expect([told.status, told.location]).toEqual([400, null]);
    expect(told.text).toContain("another browser");
  }
  // Another one's cookie is no better than none, and the address takes no second browser.
  const { url: own } = await begin(api, "victim");
  await victim.get(own);
  expect((await victim.get(back)).status).toBe(400);
  expect((await victim.get(url)).status).toBe(410);
  const posted = { state, code: back.searchParams.get("code"), redirect_uri: `${all.publicUrl}/connect/callback/acme` };
  await api.refused("POST /v1/connect/callback", 400, "other_browser", { key: null, body: posted });
  expect((await server.summary()).requests).toBe(0);
  // Nothing was used up by all that.
  expect((await attacker.get(back)).location?.searchParams.get("status")).toBe("pending");
});

test("a look at the head, a look ahead and a guess use no start address and no confirmation up", async () => {
  const { api, publicUrl } = await startAll();
  const { url } = await begin(api, "ada");
  const scanner = new Browser();
  expect((await scanner.head(url)).status).toBe(200);
  for (const purpose of ["prefetch", "prefetch;prerender"]) {
    expect((await scanner.get(url, { "sec-purpose": purpose })).status).toBe(503);
  }
  expect(scanner.cookies(new URL(url))).toEqual({});
  for (const token of ["x", "x".repeat(43), "%00", "a/b"]) {
    expect((await scanner.get(`${publicUrl}/connect/go/${token}`)).status).toBeGreaterThanOrEqual(400);
  }
  const ada = new Browser();
  await ada.get(url);
  const query = await goThrough(ada, url);
  for (const confirmation of ["x", "x".repeat(43), query.get("state")]) {
    const body = { confirmation, user_id: "ada" };
    await api.refused("POST /v1/connect/confirm", 404, "confirmation_unknown", { body });
  }
  await api.refused("POST /v1/connect/confirm", 400, "invalid_input", { body: { user_id: "ada" } });
  const { key } = await api.makeKey("connections:read");
  await api.refused("POST /v1/connect/confirm", 403, "insufficient_key_scope", { key, ...confirming(query, "ada") });
  expect((await api.ask("POST /v1/connect/confirm", confirming(query, "ada"))).status).toBe(200);
});

test("ten minutes without a word: dropped by the scheduler, and revoked by a worker as soon as the provider answers", async () => {
  const all = await startAll(hasty);
  const { api, server } = all;
  const query = await goThrough(new Browser(), (await begin(api, "ada")).url);
  await api.rig.pool.query("UPDATE pending_grants SET expires_at = now()");
  await api.refused("POST /v1/connect/confirm", 410, "confirmation_expired", confirming(query, "ada"));
  const scheduler = await api.rig.start("scheduler");
  await runTask(api.rig, "reconcile");
  expect([await countOf(api, "pending_grants"), await countOf(api, "revocations")]).toEqual([0, 1]);
  const { rows } = await api.rig.pool.query("SELECT * FROM revocations");
  expect(JSON.stringify(rows)).not.toContain("canary");
  expect(scheduler.output()).toContain("not confirmed by the app within ten minutes");
  const worker = await api.rig.start("worker");
  await until("the grant is revoked", async () => {
    await runTask(api.rig, "reconcile");
    return (await countOf(api, "revocations")) === 0;
  });
  expect(await families(all)).toEqual({ alive: 0, revoked: 1 });
  expect((await server.summary()).requests).toBe(1);
  for (const { output } of [api.app, scheduler, worker]) expect(output()).not.toMatch(/canary|\bada\b/);
});

test("what is dropped is not revoked while a connection of the same account lives: the one consent is behind both", async () => {
  const publicUrl = `http://127.0.0.1:${await closedPort()}`;
  const { demo, env } = await startDemo([`${publicUrl}/connect/callback/demo`]);
  const settings = { ...env, PUBLIC_URL: publicUrl, RETURN_URL_ALLOWLIST: "https://app.example", LOG_LEVEL: "info" };
  const api = await startApi({ env: settings }, { API_PORT: new URL(publicUrl).port });
  const connect = async (userId: string) => {
    const browser = new Browser();
    const { url } = await begin(api, userId, { provider: "demo" });
    const page = (await browser.get(url)).location as URL;
    const { state, code = "", iss = "" } = await consent({ url: page.href });
    const back = new URL(`${publicUrl}/connect/callback/demo?${new URLSearchParams({ state, code, iss })}`);
    return ((await browser.get(back)).location as URL).searchParams;
  };
  const own = await connect("victim");
  const { body } = await api.ask("POST /v1/connect/confirm", confirming(own, "victim"));
  const { access_token: token } = (await api.ask(`GET /v1/connections/${body.connection_id}/token`)).body;
  const foreign = await connect("attacker");
  await api.refused("POST /v1/connect/confirm", 409, "confirmed_for_another", confirming(foreign, "victim"));
  expect(api.app.output()).toContain("a connection of the same account lives");
  expect([await countOf(api, "pending_grants"), await countOf(api, "revocations")]).toEqual([0, 0]);
  expect(await isActive(demo, token)).toBe(true);
  // Waiting for somebody's word stands in nobody's way either.
  await connect("attacker");
  const again = await connect("victim");
  expect((await api.ask("POST /v1/connect/confirm", confirming(again, "victim"))).body).toMatchObject({
    ...{ connection_id: body.connection_id, reconnected: true },
  });
});

test("an app of before is told what to change, and goes on with CONNECT_CONFIRM=off", async () => {
  const { api } = await startAll();
  const body = { user_id: "ada", provider: "acme", return_url: returnUrl };
  const { body: told } = await api.refused("POST /v1/connect/authorize", 400, "confirmation_needed", { body });
  for (const word of ["confirm", "POST /v1/connect/confirm", "binding", "CONNECT_CONFIRM=off"]) {
    expect(told.detail).toContain(word);
  }
  expect(await countOf(api, "oauth_states")).toBe(0);
  const off = await startAll({ CONNECT_CONFIRM: "off" });
  const { url } = await begin(off.api, "ada", { confirm: undefined });
  const query = await goThrough(new Browser(), url);
  expect(query.get("status")).toBe("connected");
  const { url: careful } = await begin(off.api, "ada");
  expect((await goThrough(new Browser(), careful)).get("status")).toBe("pending");
});

test("a binding, given at both ends, does it in one step; without it, or with another, nothing is exchanged", async () => {
  const { api, server } = await startAll();
  const redirect_uri = "https://app.example/callback/acme";
  const binding = "of the session of ada";
  const { url, state } = await begin(api, "ada", { confirm: undefined, redirect_uri, binding });
  const { code } = await consent({ url });
  const answer = { state, code, redirect_uri };
  const what = "POST /v1/connect/callback";
  await api.refused(what, 400, "state_invalid", { key: null, body: answer });
  await api.refused(what, 400, "state_invalid", { key: null, body: { ...answer, binding: "of the session of eve" } });
  expect((await server.summary()).requests).toBe(0);
  const done = await api.ask(what, { key: null, body: { ...answer, binding } });
  expect(done.body).toMatchObject({ status: "connected", reconnected: false });
  const ours = { user_id: "ada", provider: "acme", return_url: returnUrl, binding };
  await api.refused("POST /v1/connect/authorize", 400, "invalid_input", { body: ours });

  // A page of the app that has no binding hands the confirmation to its server.
  const waiting = await begin(api, "ada", { redirect_uri });
  const brought = { state: waiting.state, code: (await consent(waiting)).code, redirect_uri };
  const { body } = await api.ask(what, { key: null, body: brought });
  expect(body).toMatchObject({ status: "pending", return_url: returnUrl });
  const ended = { confirmation: body.confirmation, user_id: "ada" };
  expect((await api.ask("POST /v1/connect/confirm", { body: ended })).body).toMatchObject({ status: "connected" });
});

test("both clients say it in one line, and say what became of it without throwing", async () => {
  const { api } = await startAll();
  const embedded = createEvertoken({ settings: api.rig.env });
  const http = createClient({ url: api.url, key: api.adminKey });
  for (const evertoken of [embedded, http]) {
    const { url } = await evertoken.connect.authorize({ userId: "ada", provider: "acme", returnUrl, confirm: true });
    const query = await goThrough(new Browser(), url);
    const done = await evertoken.connect.confirm(query, { userId: "ada" });
    expect(done).toMatchObject({ kind: "connected", provider: "acme", returnUrl, missingScopes: [] });
    expect(await evertoken.connect.confirm(Object.fromEntries(query), { userId: "ada" })).toEqual(done);
    expect(await evertoken.connect.confirm(`?${query}`, { userId: "eve" })).toMatchObject({
      ...{
        kind: "refused",
        code: "confirmed_for_another",
        returnUrl: null,
        message: expect.stringContaining("another user"),
      },
    });
    expect(await evertoken.connect.confirm("?status=refused&error=consent_refused", { userId: "ada" })).toMatchObject({
      ...{ kind: "refused", code: "consent_refused", returnUrl: null },
    });
    await expect(evertoken.connect.confirm({}, { userId: "ada" })).rejects.toMatchObject({ code: "invalid_input" });
    await evertoken.close();
  }
});

test("what was granted to one client is not confirmed for another that has taken its place", async () => {
  const { api } = await startAll();
  const query = await goThrough(new Browser(), (await begin(api, "ada")).url);
  const replaced = createEvertoken({ settings: { ...api.rig.env, ACME_CLIENT_ID: "another-client" } });
  expect(await replaced.connect.confirm(query, { userId: "ada" })).toMatchObject({ code: "invalid_client" });
  expect(await countOf(api, "connections")).toBe(0);
  await replaced.close();
  expect((await api.ask("POST /v1/connect/confirm", confirming(query, "ada"))).status).toBe(200);
});

test("in TypeScript: the query of the return URL and the session's user; a row that was altered opens for nobody", async () => {
  const { api } = await startAll();
  const evertoken = createEvertoken({ settings: api.rig.env });
  const query = await goThrough(new Browser(), (await begin(api, "ada")).url);
  await expect(evertoken.connect.confirm({}, { userId: "ada" })).rejects.toMatchObject({ code: "invalid_input" });
  await expect(evertoken.connect.confirm(query, { userId: "" })).rejects.toMatchObject({ code: "invalid_input" });
  expect(await evertoken.connect.confirm("?status=refused&error=consent_refused", { userId: "ada" })).toMatchObject({
    ...{ kind: "refused", code: "consent_refused" },
  });
  // Whoever can write to the database gives it to nobody else.
  await api.rig.pool.query("UPDATE oauth_states SET user_id = 'eve'");
  expect(await evertoken.connect.confirm(query, { userId: "eve" })).toMatchObject({ code: "confirmed_for_another" });
  const next = await goThrough(new Browser(), (await begin(api, "ada")).url);
  const { engine, engineOutput } = openTestEngine(api.rig.env);
  const young = randomBytes(32).toString("hex");
  const { engine: rotating } = openTestEngine({
    ...api.rig.env,
    ENCRYPTION_KEY: `${young},${api.rig.env.ENCRYPTION_KEY}`,
  });
  await forgetProcesses(api.rig);
  expect(await rotateKeys(rotating, () => {})).toMatchObject({ total: 3, reencrypted: 3, unreadable: 0 });
  const { client } = { client: createEvertoken({ settings: { ...api.rig.env, ENCRYPTION_KEY: young } }) };
  expect(await client.connect.confirm(next.toString(), { userId: "ada" })).toMatchObject({ kind: "connected" });
  const last = await goThrough(new Browser(), (await begin(api, "ada")).url);
  await api.rig.pool.query("UPDATE pending_grants SET id = gen_random_uuid(), expires_at = now()");
  expect(await evertoken.connect.confirm(last, { userId: "ada" })).toMatchObject({ kind: "refused" });
  expect(await dropUnconfirmed(engine)).toBe(0);
  expect(engineOutput()).toContain("cannot be dropped");
  await Promise.all([evertoken.close(), client.close()]);
});
