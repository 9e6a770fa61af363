import { followAuthorization } from "@evertoken/demo";
import { beforeAll, expect, test } from "vitest";
import { Browser, openLink } from "../support/browser.ts";
import { closedPort } from "../support/closed-port.ts";
import { startDemo } from "../support/connect-rig.ts";
import { type Api, startApi } from "./api-harness.ts";

const returnUrl = "https://app.example/done?tab=1";
const spaCallback = "https://spa.example/callback";

let api: Api;
let redirectUri: string;
beforeAll(async () => {
  // The redirect URI is registered before the API runs, so that its port has to be known.
  const port = String(await closedPort());
  const publicUrl = `http://127.0.0.1:${port}`;
  redirectUri = `${publicUrl}/connect/callback/demo`;
  const { env } = await startDemo([redirectUri, spaCallback]);
  const lists = { PUBLIC_URL: publicUrl, RETURN_URL_ALLOWLIST: "https://app.example, https://spa.example" };
  api = await startApi({ env: { ...env, ...lists, EVERTOKEN_GENERIC_PROVIDERS: "acme,demo" } }, { API_PORT: port });
});

async function begin(overrides: object = {}) {
  const body = { user_id: "ada", provider: "demo", return_url: returnUrl, confirm: true, ...overrides };
  const answer = await api.ask("POST /v1/connect/authorize", { body });
  expect(answer).toMatchObject({ status: 200, body: { url: expect.any(String), expires_at: expect.any(String) } });
  return answer.body as { url: string; state: string };
}

async function consent(url: string, to: string, decision: "allow" | "cancel" = "allow"): Promise<URL> {
  return followAuthorization({ authorizeUrl: url, redirectUri: to, login: "ada", decision });
}

/** What the browser does with an address that it is sent to. @returns where it goes next */
async function open(browser: Browser, url: string | URL): Promise<URL> {
  const { status, location, text } = await browser.get(url);
  expect(status, text).toBe(303);
  return location as URL;
}

/** Out to the provider and back to the app. */
async function goThrough(url: string, decision: "allow" | "cancel" = "allow"): Promise<URL> {
  const browser = new Browser();
  return open(browser, await consent((await open(browser, url)).href, redirectUri, decision));
}

async function confirm(end: URL, userId: string) {
  const body = { confirmation: end.searchParams.get("confirmation"), user_id: userId };
  const done = await api.ask("POST /v1/connect/confirm", { body });
  expect(done.status, done.text).toBe(200);
  return done.body;
}

test("authorize, consent, callback: the account is connected and the app gets its user back", async () => {
  const { url, state } = await begin();
  const browser = new Browser();
  const back = await consent((await open(browser, url)).href, redirectUri);
  const end = await open(browser, back);
  expect(`${end.origin}${end.pathname}`).toBe("https://app.example/done");
  const outcome = Object.fromEntries(end.searchParams);
  expect(outcome).toEqual({
    ...{ tab: "1", status: "pending", provider: "demo", state },
    confirmation: expect.any(String),
  });
  expect((await open(browser, back)).href).toBe(end.href);
  const { connection_id: id } = await confirm(end, "ada");
  expect((await api.ask(`GET /v1/connections/${id}`)).body).toMatchObject({ display_name: "ada", status: "connected" });
  expect((await api.ask(`GET /v1/users/ada/providers/demo/token`)).body).toMatchObject({ connection_id: id });
  expect((await open(browser, back)).searchParams.get("connection_id")).toBe(id);
  const again = await begin({ connection_id: id });
  expect(await confirm(await goThrough(again.url), "ada")).toMatchObject({ connection_id: id, reconnected: true });
  const gone = await api.ask(`DELETE /v1/connections/${id}`);
  expect(gone.body).toEqual({ disconnected: true, revoked: "yes" });
});

test("a page of the app posts the answer itself, from an allowed origin only", async () => {
  const bound = { redirect_uri: spaCallback, confirm: undefined, binding: "of the session of spa" };
  const { url, state } = await begin({ user_id: "spa", ...bound });
  const back = await consent(url, spaCallback);
  const body = {
    state,
    redirect_uri: spaCallback,
    binding: bound.binding,
    code: back.searchParams.get("code"),
    iss: back.searchParams.get("iss"),
  };
  const post = (headers: Record<string, string>, changes: object = {}) => ({
    key: null,
    headers,
    body: { ...body, ...changes },
  });
  const what = "POST /v1/connect/callback";
  await api.refused(what, 403, "foreign_origin", post({ origin: "https://evil.example" }));
  const preflight = await fetch(`${api.url}/v1/connect/callback`, {
    method: "OPTIONS",
    headers: { origin: "https://spa.example", "access-control-request-method": "POST" },
  });
  expect(preflight.status).toBe(204);
  expect(preflight.headers.get("access-control-allow-origin")).toBe("https://spa.example");
  const done = await api.ask(what, post({ origin: "https://spa.example" }));
  expect(done).toMatchObject({ status: 200, body: { provider: "demo", reconnected: false, return_url: returnUrl } });
  expect(done.headers.get("access-control-allow-origin")).toBe("https://spa.example");
  expect(done.text).not.toMatch(/access_token|refresh_token/);
  expect((await api.ask(what, post({ origin: "https://spa.example" }))).body).toEqual(done.body);
  await api.refused(what, 409, "state_used", post({ origin: "https://spa.example" }, { code: "another" }));
  await api.refused(what, 400, "state_invalid", post({}, { state: "x".repeat(43) }));
  const other = await begin(bound);
  const changed = { state: other.state, redirect_uri: redirectUri };
  await api.refused(what, 400, "redirect_uri_mismatch", post({}, changed));
});

test("refused consent, a state that nobody knows and an answer from another server", async () => {
  const { url } = await begin();
  const refused = await goThrough(url, "cancel");
  expect(refused.searchParams.get("error")).toBe("consent_refused");
  await api.refused("GET /v1/connect/callback?state=unknown&code=c", 400, "state_invalid", { key: null });
  await api.refused("GET /v1/connect/callback?code=c", 400, "invalid_request", { key: null });
  const { url: next, state } = await begin();
  const browser = new Browser();
  await open(browser, next);
  const foreign = `${redirectUri}?${new URLSearchParams({ state, code: "c", iss: "https://evil.example" })}`;
  expect((await open(browser, foreign)).searchParams.get("error")).toBe("issuer_mismatch");
});

test("what authorize refuses, by field; nothing is stored", async () => {
  const states = async () => (await api.rig.pool.query("SELECT count(*)::int AS n FROM oauth_states")).rows[0].n;
  const before = await states();
  const body = { user_id: "ada", provider: "demo", return_url: returnUrl, confirm: true };
  const cases: [object, number, string, string][] = [
    [{ return_url: "https://evil.example/" }, 400, "invalid_input", "return_url"],
    [{ return_url: "//evil.example" }, 400, "invalid_input", "return_url"],
    [{ return_url: "javascript:alert(1)" }, 400, "invalid_input", "return_url"],
    [{ return_url: "https://app.example.evil.example/" }, 400, "invalid_input", "return_url"],
    [{ redirect_uri: "https://evil.example/callback" }, 400, "invalid_input", "redirect_uri"],
    [{ user_id: "" }, 400, "invalid_request", "user_id"],
    [{ user_email: "nobody" }, 400, "invalid_request", "user_email"],
    [{ scopes: "openid" }, 400, "invalid_request", "scopes"],
  ];
  for (const [change, status, code, field] of cases) {
    const { body: told } = await api.refused("POST /v1/connect/authorize", status, code, {
      body: { ...body, ...change },
    });
    expect(told.errors.map((error: { field: string }) => error.field)).toEqual([field]);
  }
  const unknown = { body: { ...body, provider: "nobody" } };
  await api.refused("POST /v1/connect/authorize", 422, "unknown_provider", unknown);
  const reconnect = { body: { ...body, connection_id: crypto.randomUUID() } };
  await api.refused("POST /v1/connect/authorize", 404, "connection_not_found", reconnect);
  const unregistered = { body: { ...body, registration: "nobody" } };
  await api.refused("POST /v1/connect/authorize", 502, "invalid_client", unregistered);
  expect(await states()).toBe(before);
});

test("a stored registration: its secret goes in and never comes out; connections hold it fast", async () => {
  const path = "/v1/registrations/demo/white-label";
  const body = { client_id: "evertoken-demo", client_secret: "demo secret +:" };
  const saved = await api.ask(`PUT ${path}`, { body });
  expect(saved).toMatchObject({ status: 200, body: { name: "white-label", has_secret: true } });
  expect(saved.text).not.toContain("demo secret");
  const { rows } = await api.rig.pool.query("SELECT * FROM client_registrations");
  expect(JSON.stringify(rows)).not.toContain("demo secret");
  const { url } = await begin({ user_id: "white", registration: "white-label" });
  const { connection_id: id } = await confirm(await goThrough(url), "white");
  expect((await api.ask(`GET /v1/connections/${id}`)).body).toMatchObject({ registration: "white-label" });
  expect((await api.ask(`POST /v1/connections/${id}/refresh`)).body).toMatchObject({ generation: 2 });
  await api.refused(`DELETE ${path}`, 409, "registration_in_use");
  await api.ask(`DELETE /v1/connections/${id}`);
  expect((await api.ask(`GET /v1/registrations?provider=demo`)).body.data).toHaveLength(1);
  expect((await api.ask(`DELETE ${path}`)).status).toBe(204);
  await api.refused(`GET ${path}`, 404, "registration_not_found");
  await api.refused(`DELETE ${path}`, 404, "registration_not_found");
  await api.refused("PUT /v1/registrations/nobody/x", 422, "unknown_provider", { body });
  await api.refused("PUT /v1/registrations/demo/default", 400, "invalid_input", { body });
  await api.refused("PUT /v1/registrations/demo/x", 400, "invalid_request", { body: { client_secret: "canary" } });
});

test("a link to the connect page opens it, and a dead grant's error leads there", async () => {
  const body = { user_id: "linked", return_url: "https://app.example/settings", providers: ["demo"], ttl: 60 };
  const made = await api.ask("POST /v1/connect/links", { body });
  expect(made).toMatchObject({ status: 201, body: { url: expect.stringContaining("/connect?link=") } });
  expect((await openLink(new Browser(), made.body.url)).pathname).toBe("/connect");
  const { body: told } = await api.refused("POST /v1/connect/links", 400, "invalid_input", {
    body: { ...body, return_url: "https://evil.example" },
  });
  expect(told.errors).toMatchObject([{ field: "return_url" }]);
  await api.refused("POST /v1/connect/links", 400, "invalid_request", { body: { user_id: "x", ttl: 1 } });
  const { id } = await api.rig.connect({ userId: "dead", userEmail: "dead@app.example" });
  await api.rig.pool.query(
    "UPDATE connections SET status = 'needs_reauth', expires_at = now() - interval '1 minute' WHERE id = $1",
    [id],
  );
  const dead = await api.refused(`GET /v1/connections/${id}/token`, 409, "refresh_token_expired");
  const browser = new Browser();
  const page = await browser.get(await openLink(browser, dead.body.reconnect_url));
  expect(page.text).toContain(id);
  expect(page.text).toContain("of <bdi>dead@app.example</bdi>");
  expect(page.text).not.toMatch(/Add an account|Yes, disconnect/);
  const { body: log } = await api.ask(`GET /v1/audit?connection_id=${id}`);
  expect(log.data).toMatchObject([
    { action: "connect.link_made", actor: "key:bootstrap", address: "127.0.0.1", detail: { count: 1 } },
    { action: "token.read", actor: "key:bootstrap", detail: { failed: "refresh_token_expired", count: 1 } },
    { action: "connect.session_opened", actor: expect.stringMatching(/^user:/), address: "127.0.0.1" },
    { action: "connection.imported", actor: expect.stringMatching(/^app:/) },
  ]);
});

test("no code, token or secret stands in the log", () => {
  expect(api.app.output()).not.toMatch(/canary|demo secret|link=|code=/);
});
