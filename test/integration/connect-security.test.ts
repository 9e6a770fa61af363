import { readConfig } from "@evertoken/adapters";
import { createApi } from "@evertoken/api";
import { authorize, completeConnect, confirmConnect, connectLink } from "@evertoken/engine/internal";
import { expect, test } from "vitest";
import { formOf } from "../support/browser.ts";
import {
  begin,
  binding,
  type ConnectRig,
  consent,
  createConnectRig,
  publicUrl,
  returnUrl,
} from "../support/connect-rig.ts";
import type { Env } from "../support/rig.ts";
import { onFileEnd } from "../support/services.ts";

async function createPages(env: Env = {}) {
  const rig = await createConnectRig(env);
  const app = await createApi(rig.engine, { logger: rig.logger });
  onFileEnd(() => app.close());
  return { rig, app };
}

type App = Awaited<ReturnType<typeof createPages>>["app"];

const form = { "content-type": "application/x-www-form-urlencoded" };
const pathOf = (url: string) => url.slice(publicUrl.length);

/** A browser that opens a link: its cookie, and the page with its form token. */
async function open(app: App, rig: ConnectRig, userId: string, more: object = {}) {
  const { cookie, setCookie, status } = await openIn(app, pathOf(connectLink(rig.engine, { userId, ...more })));
  expect(status).toBe(303);
  const page = await app.inject({ url: "/connect", headers: { cookie } });
  expect(page.statusCode).toBe(200);
  return { cookie, token: formOf(page.body).form_token ?? "", page, setCookie };
}

/** The question of a link, and yes to it. */
async function openIn(app: App, url: string) {
  const asked = await app.inject({ url });
  const browser = String(asked.headers["set-cookie"]).split(";")[0] as string;
  const opened = await post(app, "/connect/open", browser, formOf(asked.body));
  const setCookie = String(opened.headers["set-cookie"]);
  return { cookie: setCookie.split(";")[0] as string, setCookie, status: opened.statusCode };
}

const post = (
  app: App,
  url: string,
  cookie: string,
  fields: Record<string, string>,
  headers: Record<string, string> = {},
) =>
  app.inject({
    method: "POST",
    url,
    headers: { ...form, cookie, ...headers },
    payload: new URLSearchParams(fields).toString(),
  });

/** A browser that a page or an app sends out: what it has been given, and the page for consent. */
async function sendOut(app: App, url: string, cookie: string) {
  const gone = await app.inject({ url: pathOf(url), headers: cookie === "" ? {} : { cookie } });
  expect(gone.statusCode, gone.body).toBe(303);
  const own = String(gone.headers["set-cookie"]).split(";")[0] as string;
  return { url: String(gone.headers.location), cookie: cookie === "" ? own : `${cookie}; ${own}` };
}

/** Where a form of the connect page goes on to. */
const goesOn = (page: { body: string }) =>
  /http-equiv="refresh" content="0; url=([^"]+)"/.exec(page.body)?.[1]?.replaceAll("&amp;", "&") ?? "";

const states = async ({ pool }: ConnectRig) => (await pool.query("SELECT * FROM oauth_states")).rows;

test.each([
  "https://evil.example",
  "//app.example",
  "https://app.example@evil.example",
  "https://app.example\\@evil.example",
  "https://app.example.evil.example",
  "javascript:alert(1)//https://app.example",
  "http://app.example",
  "https://other.example/settings/..%2f..%2fevil",
  "https://other.example/elsewhere",
])("nobody is sent to %s, before or after", async (address) => {
  const rig = await createConnectRig();
  await expect(begin(rig.engine, { returnUrl: address })).rejects.toMatchObject({ code: "invalid_input" });
  await expect(begin(rig.engine, { redirectUri: address })).rejects.toMatchObject({ code: "invalid_input" });
  expect(() => connectLink(rig.engine, { userId: "u", returnUrl: address })).toThrow("returnUrl");
  expect(await states(rig)).toEqual([]);
});

test.each([
  [{ userId: "" }, "invalid_input"],
  [{ userId: "a\0b" }, "invalid_input"],
  [{ provider: "nowhere" }, "unknown_provider"],
  [{ provider: "github-pat" }, "invalid_input"],
  [{ provider: "hubspot" }, "invalid_client"],
  [{ connectionId: "not-an-id" }, "connection_not_found"],
  [{ connectionId: "0f6f5e0c-6d3c-4b51-9a53-5d8c0f3a2b11" }, "connection_not_found"],
  [{ scopes: [""] }, "invalid_input"],
  [{ userEmail: "nobody" }, "invalid_input"],
  [{ surprise: true }, "invalid_input"],
])("a flow with %j is not begun", async (input, code) => {
  const rig = await createConnectRig();
  await expect(begin(rig.engine, input as never)).rejects.toMatchObject({ code });
  expect(await states(rig)).toEqual([]);
});

test("a connection of somebody else is reconnected by nobody", async () => {
  const rig = await createConnectRig();
  const { id } = await rig.connect({ userId: "other" });
  await expect(begin(rig.engine, { connectionId: id })).rejects.toMatchObject({ code: "connection_not_found" });
});

test("a link says nothing to who reads it, and nothing at all when it was changed or is old", async () => {
  const { rig, app } = await createPages();
  const link = connectLink(rig.engine, { userId: "canary-user", userEmail: "ada@app.example" });
  const token = new URL(link).searchParams.get("link") ?? "";
  const payload = Buffer.from(token.split(".").at(-1) ?? "", "base64url").toString("latin1");
  expect(link + payload).not.toMatch(/canary-user|ada@app/);
  const flipped = `${token.slice(0, 40)}${token[40] === "A" ? "B" : "A"}${token.slice(41)}`;
  const tampered = [token.slice(0, -2), flipped, "", "x", `${token}.x`];
  for (const wrong of tampered) {
    const answer = await app.inject({ url: "/connect", query: { link: wrong } });
    expect([wrong, answer.statusCode, answer.headers["set-cookie"]]).toEqual([wrong, 401, undefined]);
  }
  // What is sealed for another purpose is no link, and a link is no session.
  const cookie = `evertoken_connect=${token}`;
  expect((await app.inject({ url: "/connect", headers: { cookie } })).statusCode).toBe(401);
  const { setCookie } = await open(app, rig, "canary-user");
  expect(setCookie).toMatch(/Path=\/connect; HttpOnly; SameSite=Lax/);
  expect(setCookie).not.toContain("canary-user");
  expect(() => connectLink(rig.engine, { userId: "u", ttlSeconds: 1 })).toThrow("ttlSeconds");
  expect(() => connectLink(rig.engine, { userId: "u", providers: ["nowhere"] })).toThrow("nowhere");
});

test("pages load nothing, run nothing, and are framed by nobody who was not allowed", async () => {
  const { rig, app } = await createPages();
  const { page } = await open(app, rig, "u");
  const policy = String(page.headers["content-security-policy"]);
  expect(policy).toMatch(
    /default-src 'none'; style-src 'nonce-[\w+/=]+'; .*form-action 'self'; frame-ancestors 'none'/,
  );
  expect(page.headers).toMatchObject({
    ...{ "cache-control": "no-store", "x-frame-options": "DENY", "x-content-type-options": "nosniff" },
    "referrer-policy": "same-origin",
  });
  expect(page.body).not.toMatch(/<script|style="|onclick|https?:\/\/(?!127\.0\.0\.1)/);
  const framed = await createPages({
    EMBED_ORIGINS: "https://app.example, https://b.example",
    PUBLIC_URL: "https://connect.example",
  });
  const link = connectLink(framed.rig.engine, { userId: "u" }).slice("https://connect.example".length);
  const asked = await framed.app.inject({ url: link });
  expect(asked.headers["content-security-policy"]).toContain("frame-ancestors https://app.example https://b.example");
  const { cookie, setCookie } = await openIn(framed.app, link);
  expect(setCookie).toMatch(/^__Host-evertoken_connect=.*; Path=\/; HttpOnly; SameSite=None; Partitioned; Secure/);
  const inside = await framed.app.inject({ url: "/connect", headers: { cookie, "sec-fetch-dest": "iframe" } });
  expect(inside.headers["content-security-policy"]).toContain("frame-ancestors https://app.example https://b.example");
  expect(inside.headers["x-frame-options"]).toBeUndefined();
  expect(inside.body).toContain('target="_top"');
});

test("a window reports to the allowed origins in codes, and what stands in its address runs nothing", async () => {
  const { rig, app } = await createPages({ EMBED_ORIGINS: "https://app.example" });
  const { cookie } = await open(app, rig, "u");
  const shown = (query: string) => app.inject({ url: `/connect?${query}`, headers: { cookie } });
  const told = await shown("status=connected&provider=acme&connection_id=1-a&error=</script><script>alert(1)");
  const [, nonce] = /script-src 'nonce-([^']+)'/.exec(String(told.headers["content-security-policy"])) ?? [];
  expect([...told.body.matchAll(/<script[^>]*>(.*?)<\/script>/g)].map(([whole]) => whole)).toEqual([
    `<script nonce="${nonce}">for (const origin of ["https://app.example"]) window.opener?.postMessage(` +
      `{"type":"evertoken-connect","result":{"status":"connected","provider":"acme","connection_id":"1-a"}}, origin);</script>`,
  ]);
  expect(told.headers["cross-origin-opener-policy"]).toBe("unsafe-none");
  const plain = await shown("q=x");
  expect([plain.body.includes("<script"), String(plain.headers["content-security-policy"])]).toEqual([
    false,
    expect.not.stringContaining("script-src"),
  ]);
  const script = await app.inject({ url: "/connect/embed.js" });
  expect(script.headers).toMatchObject({ "cross-origin-resource-policy": "cross-origin" });
  expect(script.headers["content-type"]).toContain("text/javascript");
});

test("the page speaks the user's language, and keeps what the address asks for", async () => {
  const { rig, app } = await createPages();
  const { cookie } = await open(app, rig, "u");
  const title = async (headers: Record<string, string>, url = "/connect") => {
    const page = await app.inject({ url, headers: { cookie, ...headers } });
    const [, language, text] = /<html lang="(\w+)">[\s\S]*<h1>(.*?)<\/h1>/.exec(page.body) ?? [];
    return { language, text, kept: String(page.headers["set-cookie"] ?? "") };
  };
  expect(await title({})).toMatchObject({ language: "en", text: "Connected accounts" });
  expect(await title({ "accept-language": "nl, de-AT;q=0.8, fr;q=0.9" })).toMatchObject({ language: "fr" });
  expect(await title({ "accept-language": "de;q=0, *;q=0.1" })).toMatchObject({ language: "en" });
  for (const odd of ["constructor", "xx", "de;q=x", ";;;,,"]) {
    expect(await title({ "accept-language": odd })).toMatchObject({ text: expect.any(String) });
    expect((await title({}, `/connect?locale=${encodeURIComponent(odd)}`)).kept).toBe("");
  }
  const asked = await title({ "accept-language": "fr" }, "/connect?locale=pt-BR");
  expect(asked).toMatchObject({ language: "pt", text: "Contas conectadas" });
  expect(asked.kept).toMatch(/^evertoken_locale=pt; Path=\/connect; HttpOnly; SameSite=Lax$/);
  expect(await title({ cookie: `${cookie}; evertoken_locale=ja` })).toMatchObject({ language: "ja" });
  const gone = await app.inject({ url: "/connect", headers: { "accept-language": "es" } });
  expect(gone.body).toContain("Esta página ya no está abierta");
});

test("the page shows the app's own logo, colour, privacy page and address for help, and loads nothing else", async () => {
  const { rig, app } = await createPages({
    ...{ APP_NAME: "Shop", APP_LOGO_URL: "https://app.example/logo.svg", APP_COLOR: "#ffcc00" },
    ...{ APP_PRIVACY_URL: "https://app.example/privacy", APP_SUPPORT_EMAIL: "help@app.example" },
  });
  const { page } = await open(app, rig, "u");
  for (const shown of [
    'src="https://app.example/logo.svg"',
    'href="https://app.example/privacy"',
    "mailto:help@app.example",
  ])
    expect(page.body).toContain(shown);
  expect(page.body).toContain("--act:#ffcc00;--act-text:#000");
  expect(page.headers["content-security-policy"]).toContain("img-src data: https://app.example/logo.svg;");
  const { faults } = readConfig(
    { APP_COLOR: "red;}", APP_LOGO_URL: "https://x.example/a b'; script-src *", APP_SUPPORT_EMAIL: "a@b?cc=x" },
    () => "",
  );
  for (const name of ["APP_COLOR", "APP_LOGO_URL", "APP_SUPPORT_EMAIL"])
    expect(faults.filter((fault) => fault.startsWith(name))).not.toEqual([]);
});

test("consent is explained, and of many providers those that are searched for are shown", async () => {
  const ids = ["hubspot", "slack", "spotify", "github-app", "dropbox", "zoom", "asana", "notion", "linear"];
  const credentials = Object.fromEntries(
    ids.flatMap((id) => {
      const name = id.toUpperCase().replaceAll("-", "_");
      return [
        [`${name}_CLIENT_ID`, "x"],
        [`${name}_CLIENT_SECRET`, "y"],
      ];
    }),
  );
  const { rig, app } = await createPages(credentials);
  const { page, cookie } = await open(app, rig, "u");
  expect(page.body).toContain("<code>oauth</code> the smallest scope that HubSpot installs an app with");
  expect(page.body).toMatch(/class="mark sign"/);
  const offered = (body: string) => [...body.matchAll(/name="provider" value="([\w-]+)"/g)].map(([, id]) => id);
  expect(offered(page.body)).toEqual(expect.arrayContaining(ids));
  const search = async (q: string) =>
    (await app.inject({ url: `/connect?q=${encodeURIComponent(q)}`, headers: { cookie } })).body;
  expect(offered(await search(" HUBS"))).toEqual(["hubspot"]);
  const none = await search('"><script>');
  expect(offered(none)).toEqual([]);
  expect(none).toContain("There is none of that name.");
  expect(none).not.toContain("<script>");
});

test("what users and providers say is shown as text", async () => {
  const { rig, app } = await createPages();
  await rig.connect({ userId: "u", displayName: `<script>alert(1)</script>"'>` });
  const { page, cookie } = await open(app, rig, "u", { userEmail: "ada@app.example" });
  expect(page.body).toContain("of <bdi>ada@app.example</bdi>");
  expect(page.body).toContain("&lt;script&gt;alert(1)&lt;/script&gt;&quot;&#39;&gt;");
  for (const query of ["error=<script>x", "error=constructor", "error=__proto__", "error=a&error=b", "provider=<b>"]) {
    for (const status of ["refused", "connected"]) {
      const answer = await app.inject({ url: `/connect?status=${status}&${encodeURI(query)}`, headers: { cookie } });
      expect([query, answer.statusCode]).toEqual([query, 200]);
      expect(answer.body).not.toMatch(/<script>x|<b>|native code|\[object/);
    }
  }
});

test("a form that another site, session or nobody sends changes nothing", async () => {
  const { rig, app } = await createPages();
  const { id } = await rig.connect({ userId: "victim" });
  const [victim, attacker] = [await open(app, rig, "victim"), await open(app, rig, "attacker")];
  const own = { connection: id, form_token: victim.token };
  const tries = [
    await post(app, "/connect/disconnect", victim.cookie, { connection: id }),
    await post(app, "/connect/disconnect", victim.cookie, { connection: id, form_token: attacker.token }),
    await post(app, "/connect/disconnect", victim.cookie, own, { "sec-fetch-site": "cross-site" }),
    await post(app, "/connect/disconnect", victim.cookie, own, { "sec-fetch-site": "same-site" }),
    await post(app, "/connect/disconnect", "", own),
    await post(app, "/connect/disconnect", attacker.cookie, { connection: id, form_token: attacker.token }),
    await post(app, "/connect/start", attacker.cookie, { connection: id, form_token: attacker.token }),
    await post(app, "/connect/start", victim.cookie, { provider: "acme", form_token: attacker.token }),
    await app.inject({
      url: `/connect/disconnect?connection=${id}&form_token=${victim.token}`,
      headers: { cookie: victim.cookie },
    }),
    await app.inject({ method: "POST", url: "/connect/disconnect", headers: { cookie: victim.cookie }, payload: own }),
    await post(app, "/connect/disconnect", victim.cookie, { ...own, filler: "x".repeat(50_000) }),
  ];
  expect(tries.map(({ statusCode }) => statusCode)).toEqual([403, 403, 403, 403, 401, 404, 404, 403, 405, 415, 413]);
  expect(await rig.row(id)).toMatchObject({ status: "connected" });
  expect(await states(rig)).toEqual([]);
  const done = await post(app, "/connect/disconnect", victim.cookie, own, { "sec-fetch-site": "same-origin" });
  expect([done.statusCode, done.headers.location]).toEqual([303, `${publicUrl}/connect?status=revoked`]);
  expect(await rig.row(id)).toMatchObject({ status: "disconnected" });
});

test("a link for some providers leads to no other one", async () => {
  const { rig, app } = await createPages({ HUBSPOT_CLIENT_ID: "x", HUBSPOT_CLIENT_SECRET: "y" });
  const { id } = await rig.connect({ userId: "u" });
  const { cookie, token, page } = await open(app, rig, "u", { providers: ["hubspot"] });
  expect(page.body).not.toContain("acme");
  const start = await post(app, "/connect/start", cookie, { provider: "acme", form_token: token });
  const disconnect = await post(app, "/connect/disconnect", cookie, { connection: id, form_token: token });
  expect([start.statusCode, disconnect.statusCode]).toEqual([404, 404]);
});

test("an answer that is brought to another browser connects nothing, and one that comes twice nothing more", async () => {
  const { rig, app } = await createPages();
  const { cookie: session, token } = await open(app, rig, "attacker");
  const started = await post(app, "/connect/start", session, { provider: "acme", form_token: token });
  const { url, cookie } = await sendOut(app, goesOn(started), session);
  const { state, code = "" } = await consent({ url });
  const back = `/connect/callback/acme?${new URLSearchParams({ state, code })}`;
  // The victim's browser has no session, or one of its own.
  const { cookie: victims } = await open(app, rig, "victim");
  const injected = [await app.inject({ url: back }), await app.inject({ url: back, headers: { cookie: victims } })];
  expect(injected.map(({ statusCode, headers }) => [statusCode, headers.location])).toEqual([
    [400, undefined],
    [400, undefined],
  ]);
  const own = await app.inject({ url: back, headers: { cookie } });
  expect(own.statusCode).toBe(303);
  expect(String(own.headers.location)).toMatch(`${publicUrl}/connect?status=connected`);
  const again = await app.inject({ url: back, headers: { cookie } });
  expect(again.headers.location).toBe(own.headers.location);
  expect((await rig.server.summary()).requests).toBe(1);
  const other = `/connect/callback/acme?${new URLSearchParams({ state, code: "another" })}`;
  expect((await app.inject({ url: other, headers: { cookie } })).headers.location).toContain("error=state_used");

  const flow = await authorize(rig.engine, { userId: "u", provider: "acme", returnUrl, confirm: true });
  const sent = await sendOut(app, flow.url, "");
  const twice = await app.inject({
    url: `/connect/callback/acme?state=${flow.state}&code=a&code=b`,
    headers: { cookie: sent.cookie },
  });
  expect(String(twice.headers.location)).toMatch(
    /^https:\/\/app\.example\/done\?status=refused&error=authorization_failed/,
  );
  for (const query of ["", "?state=", "?state=a&state=b", "?state=%00", `?state=${"x".repeat(5000)}`, "?state[a]=b"]) {
    for (const path of ["/connect/callback", "/connect/callback/acme"]) {
      expect([query, (await app.inject({ url: `${path}${query}` })).statusCode]).toEqual([query, 400]);
    }
  }
});

test("token endpoints on private networks are not asked, neither for tokens nor to revoke them", async () => {
  const rig = await createConnectRig();
  const local = new URL(rig.server.url).port;
  const guarded = await createConnectRig(
    {
      EVERTOKEN_ALLOW_PRIVATE_ADDRESSES: "false",
      ...{
        ACME_TOKEN_URL: `https://127.0.0.1:${local}/token`,
        ACME_AUTHORIZE_URL: `https://127.0.0.1:${local}/authorize`,
      },
      ...{
        ACME_REVOKE_URL: `https://[::ffff:127.0.0.1]:${local}/revoke`,
        ACME_IDENTITY_URL: `https://localhost:${local}/me`,
      },
    },
    rig.server,
  );
  const { state } = await begin(guarded.engine);
  expect(await completeConnect(guarded.engine, { state, code: "x", binding })).toMatchObject({
    code: "provider_unavailable",
  });
  expect(guarded.engineOutput()).toContain("ERR_PRIVATE_ADDRESS");
  const { id } = await guarded.connect();
  expect(await guarded.client.connections.disconnect(id)).toBe(true);
  expect(await rig.server.summary()).toMatchObject({ requests: 0, strays: 0 });
});

test("no token, code, state or user id stands in any page, log, event, audit entry or job", async () => {
  const { rig, app } = await createPages();
  const { engine } = rig;
  const flow = await authorize(engine, { userId: "canary-user", provider: "acme", returnUrl, confirm: true });
  const sent = await sendOut(app, flow.url, "");
  const answer = await consent(sent);
  const back = await app.inject({
    url: `/connect/callback/acme?${new URLSearchParams({ state: answer.state, code: answer.code ?? "" })}`,
    headers: { cookie: sent.cookie },
  });
  expect(back.statusCode).toBe(303);
  const { searchParams } = new URL(String(back.headers.location));
  const { rows: waiting } = await rig.pool.query("SELECT * FROM pending_grants");
  expect(waiting).toHaveLength(1);
  expect(await confirmConnect(engine, searchParams, { userId: "canary-user" })).toMatchObject({ kind: "connected" });
  const { cookie, token, page } = await open(app, rig, "canary-user");
  const [row] = (await rig.pool.query("SELECT id FROM connections")).rows;
  const after = await post(app, "/connect/disconnect", cookie, { connection: row.id, form_token: token });
  expect(after.statusCode).toBe(303);
  const tables = ["outbox", "audit_log", "oauth_states", "token_refresh_log"];
  const rows = await Promise.all(tables.map(async (table) => (await rig.pool.query(`SELECT * FROM ${table}`)).rows));
  const jobs = await Promise.all(rig.queues.all().map((queue) => queue.getJobs()));
  const output = rig.engineOutput() + rig.clientOutput();
  expect(output).toContain("connected");
  const confirmation = searchParams.get("confirmation") ?? "?";
  expect(JSON.stringify([rows, waiting]) + output).not.toContain(confirmation);
  for (const secret of [answer.code ?? "?", "canary.at", "canary.rt", "client-secret"]) {
    expect(
      JSON.stringify([rows, waiting, page.body, back.headers, jobs.flat().map((job) => job.data)]) + output,
    ).not.toContain(secret);
  }
  expect(output).not.toContain("canary-user");
  expect(output).not.toContain(flow.state);
  expect(JSON.stringify(rows[1])).not.toContain("canary-user");
});

async function begunInBrowser() {
  const pages = await createPages();
  const { cookie: session, token } = await open(pages.app, pages.rig, "user");
  const started = await post(pages.app, "/connect/start", session, { provider: "acme", form_token: token });
  const { url, cookie } = await sendOut(pages.app, goesOn(started), session);
  const { state, code = "" } = await consent({ url });
  return { ...pages, cookie, state, code };
}

test("a look at the head, a look ahead and a preview of a link ask the provider nothing, and use nothing up", async () => {
  const { rig, app, cookie, state, code } = await begunInBrowser();
  const query = new URLSearchParams({ state, code });
  const paths = ["/connect/callback/acme", "/connect/callback", "/v1/connect/callback"];
  for (const path of [...paths, "/%63onnect/callback/acme", "/connect/%63allback"]) {
    const url = `${path}?${query}`;
    expect((await app.inject({ method: "HEAD", url, headers: { cookie } })).statusCode).toBe(200);
    for (const headers of [
      { "sec-purpose": "prefetch" },
      { "sec-purpose": "prefetch;prerender" },
      { purpose: "prefetch" },
      { "x-purpose": "preview" },
      { "x-moz": "prefetch" },
    ]) {
      expect((await app.inject({ url, headers: { cookie, ...headers } })).statusCode).toBe(503);
    }
  }
  expect((await rig.server.summary()).requests).toBe(0);
  const own = await app.inject({ url: `/connect/callback/acme?${query}`, headers: { cookie } });
  expect(String(own.headers.location)).toMatch(`${publicUrl}/connect?status=connected`);
});

test("an answer that the provider's page posts as a form is brought once more, with the cookie, and connects", async () => {
  const { rig, app, cookie, state, code } = await begunInBrowser();
  const fields = { state, code, id_token: "canary-id", user: '{"name":"x"}' };
  // A form of another site comes without the cookie.
  const posted = await post(app, "/connect/callback/acme", "", fields, { "sec-fetch-site": "cross-site" });
  expect(posted.statusCode).toBe(303);
  const location = String(posted.headers.location);
  expect(location).toBe(`${publicUrl}/connect/callback/acme?${new URLSearchParams({ state, code })}`);
  expect((await rig.server.summary()).requests).toBe(0);
  const own = await app.inject({ url: pathOf(location), headers: { cookie } });
  expect(String(own.headers.location)).toMatch(`${publicUrl}/connect?status=connected`);

  const shared = `${publicUrl}/v1/connect/callback`;
  const flow = { userId: "u", provider: "acme", returnUrl, redirectUri: shared, confirm: true };
  const sent = await sendOut(app, (await authorize(rig.engine, flow)).url, "");
  const begun = await consent(sent);
  const viaApi = await post(app, "/v1/connect/callback", "", { state: begun.state, code: begun.code ?? "" });
  expect(viaApi.statusCode).toBe(303);
  const done = await app.inject({ url: pathOf(String(viaApi.headers.location)), headers: { cookie: sent.cookie } });
  expect(String(done.headers.location)).toMatch(/^https:\/\/app\.example\/done\?status=pending/);
});

test("a link to reconnect one account permits that, and nothing else", async () => {
  const { rig, app } = await createPages({ APP_NAME: "Shop & Co" });
  const [mine, other] = [
    await rig.connect({ userId: "u" }),
    await rig.connect({ userId: "u", externalAccountId: "b" }),
  ];
  const link = connectLink(rig.engine, { userId: "u" }, { connectionId: mine.id });
  const { cookie } = await openIn(app, pathOf(link));
  await rig.pool.query("UPDATE connections SET status = 'needs_reauth'");
  const { body } = await app.inject({ url: "/connect", headers: { cookie } });
  expect(body).toContain("of <bdi>u</bdi> in Shop &amp; Co");
  expect(body).toContain(mine.id);
  expect(body).not.toMatch(new RegExp(`${other.id}|Add an account|Yes, disconnect`));
  const token = /name="form_token" value="([^"]+)"/.exec(body)?.[1] ?? "";
  const ask = async (path: string, fields: Record<string, string>) =>
    (await post(app, `/connect/${path}`, cookie, { ...fields, form_token: token })).statusCode;
  expect([
    await ask("disconnect", { connection: mine.id }),
    await ask("disconnect", { connection: other.id }),
    await ask("start", { connection: other.id }),
    await ask("start", { provider: "acme" }),
    await ask("start", {}),
  ]).toEqual([404, 404, 404, 404, 404]);
  expect(await states(rig)).toEqual([]);
  expect(await ask("start", { connection: mine.id })).toBe(200);
});

test("no link that a session makes outlasts the one that opened it", async () => {
  const { rig, app } = await createPages();
  const linked = (endsAt: number) => pathOf(connectLink(rig.engine, { userId: "u" }, { endsAt }));
  const { cookie, setCookie } = await openIn(app, linked(Date.now() + 5000));
  expect(setCookie).toMatch(/Max-Age=[45]$/);
  const framed = await app.inject({ url: "/connect", headers: { cookie, "sec-fetch-dest": "iframe" } });
  const again = /target="_top" href="([^"]+)"/.exec(framed.body)?.[1] ?? "";
  expect((await openIn(app, pathOf(again))).setCookie).toMatch(/Max-Age=[1-5]$/);
  expect((await app.inject({ url: linked(Date.now() - 1) })).statusCode).toBe(401);
});
