import { openConnectSession, pruneConnectSessions, sealFor } from "@evertoken/engine/internal";
import { beforeAll, expect, test } from "vitest";
import { Browser, formOf, openLink } from "../support/browser.ts";
import { closedPort } from "../support/closed-port.ts";
import { openTestEngine } from "../support/connect-rig.ts";
import { startTokenServer, type TokenServer } from "../support/token-server.ts";
import { type Api, startApi } from "./api-harness.ts";

const returnUrl = "https://app.example/done";

let api: Api;
let server: TokenServer;
let publicUrl: string;
/** Another process of the API, behind the same public address. */
let replica: string;
beforeAll(async () => {
  server = await startTokenServer({ marker: "canary" });
  publicUrl = `http://127.0.0.1:${await closedPort()}`;
  const connecting = { ACME_AUTHORIZE_URL: server.authorizeUrl, ACME_SCOPES: "profile", PUBLIC_URL: publicUrl };
  const settings = { ...connecting, RETURN_URL_ALLOWLIST: "https://app.example", APP_NAME: "Shop & Co" };
  api = await startApi({ server, env: settings }, { API_PORT: new URL(publicUrl).port });
  replica = `http://127.0.0.1:${(await api.rig.start("api")).port}`;
});

async function linkFor(user_id: string, more: object = {}): Promise<string> {
  const made = await api.ask("POST /v1/connect/links", { body: { user_id, ...more } });
  expect(made.status, made.text).toBe(201);
  return made.body.url;
}

const atReplica = (url: string) => url.replace(publicUrl, replica);
const home = () => `${publicUrl}/connect`;
const sessionsOf = async (userId: string) =>
  (await api.rig.pool.query("SELECT * FROM connect_sessions WHERE user_id = $1", [userId])).rows;
const answer = (
  browser: Browser,
  asked: { text: string },
  ...how: [origin?: string, headers?: Record<string, string>]
) => browser.post(`${home()}/open`, formOf(asked.text), ...how);

test("whoever looks at a link is only asked: looks at the head, looks ahead and scanners open nothing", async () => {
  const link = await linkFor("ada", { user_name: "Ada <Lovelace>", user_email: "ada@app.example" });
  for (const scanner of [new Browser(), new Browser()]) {
    expect((await scanner.head(link)).status).toBe(200);
    for (const purpose of ["prefetch", "prefetch;prerender"]) await scanner.get(link, { "sec-purpose": purpose });
    const asked = await scanner.get(link);
    expect([asked.status, asked.location]).toEqual([200, null]);
    expect(asked.text).toContain("Is this you?");
    expect(asked.text).toContain(
      "Shop &amp; Co for <strong><bdi>Ada &lt;Lovelace&gt; (ada@app.example)</bdi></strong>",
    );
    expect((await scanner.get(home())).status).toBe(401);
  }
  expect(await sessionsOf("ada")).toEqual([]);
  const page = await new Browser().get(await openLink(new Browser(), link));
  expect(page.status).toBe(401); // Another jar than the one that opened it.
});

test("one link opens one session: of many browsers one gets it, at any process, and that one may come back to it", async () => {
  const link = await linkFor("bea");
  const browsers = Array.from({ length: 8 }, () => new Browser());
  const asked = await Promise.all(browsers.map((browser) => browser.get(link)));
  const told = await Promise.all(
    browsers.map((browser, index) => {
      const url = index % 2 === 0 ? `${home()}/open` : atReplica(`${home()}/open`);
      return browser.post(url, formOf(asked[index]?.text ?? ""), publicUrl);
    }),
  );
  expect(told.map(({ status }) => status).sort()).toEqual([303, ...Array(7).fill(410)]);
  for (const { status, text } of told) if (status === 410) expect(text).toContain("ask for a new one");
  const first = told.findIndex(({ status }) => status === 303);
  const winner = browsers[first] as Browser;
  expect((await winner.get(home())).text).toContain("of <bdi>bea</bdi>");
  // The same form once more (an impatient click), and the same link once more.
  expect((await answer(winner, asked[first] as never)).status).toBe(303);
  expect((await winner.get(link)).location?.href).toBe(home());
  expect(await sessionsOf("bea")).toHaveLength(1);
  for (const late of [new Browser(), browsers[(first + 1) % 8] as Browser]) {
    const seen = await late.get(atReplica(link));
    expect([seen.status, seen.text.includes("another browser")]).toEqual([410, true]);
    expect((await late.get(home())).status).toBe(401);
  }
  const logged = api.app.lines().filter(({ msg }) => msg === "a link to the connect page was not opened");
  expect(logged.length).toBeGreaterThan(0);
  expect(logged.every(({ reason }) => reason === "others")).toBe(true);
  expect(api.app.output()).not.toContain("bea");
  expect(JSON.stringify(await sessionsOf("bea"))).not.toContain(new URL(link).searchParams.get("link"));
});

test("nobody else answers the question for a browser: not another site, not another browser's form, not no cookie", async () => {
  const link = await linkFor("attacker");
  const attacker = new Browser();
  const asked = await attacker.get(link);
  const victim = new Browser();
  const own = await victim.get(link);
  const tries = [
    // The attacker's form, on a page of theirs, in the victim's browser; also where the browser says nothing of origins.
    await answer(victim, asked, "https://evil.example", { "sec-fetch-site": "cross-site" }),
    await answer(victim, asked),
    await answer(new Browser(), asked),
    // The victim's own form, from elsewhere.
    await answer(victim, own, "https://evil.example"),
    await answer(victim, own, "null"),
    await answer(victim, own, publicUrl, { "sec-fetch-site": "same-site" }),
    await victim.post(`${home()}/open`, { link: formOf(own.text).link ?? "" }),
    // For another link.
    await victim.post(`${home()}/open`, {
      ...formOf(own.text),
      link: new URL(await linkFor("eve")).searchParams.get("link") ?? "",
    }),
  ];
  expect(tries.map(({ status }) => status)).toEqual(tries.map(() => 403));
  expect((await victim.post(`${home()}/open`, {})).status).toBe(401);
  expect((await victim.get(`${home()}/open?${new URLSearchParams(formOf(own.text))}`)).status).toBe(405);
  expect([await sessionsOf("attacker"), await sessionsOf("eve")]).toEqual([[], []]);
  expect((await victim.get(home())).status).toBe(401);
});

test("a link for another user is asked about while a session lives, and switches nothing before the answer", async () => {
  const browser = new Browser();
  await openLink(browser, await linkFor("cleo", { user_name: "Cleo" }));
  const other = await linkFor("eve", { user_name: "Eve" });
  const asked = await browser.get(other);
  expect(asked.text).toMatch(/<bdi>Eve<\/bdi>[\s\S]*still shows the accounts of <bdi>Cleo<\/bdi>/);
  expect((await browser.get(home())).text).toContain("of <bdi>Cleo</bdi>");
  await answer(browser, asked);
  expect((await browser.get(home())).text).toContain("of <bdi>Eve</bdi>");
  // Back at once by the link that this browser has opened, after the same question.
  expect((await browser.get(await linkFor("eve"))).text).not.toContain("still shows");
});

test("an app ends a user's sessions at every process, with the links that were not opened and the flows that they began", async () => {
  const [browser, elsewhere] = [new Browser(), new Browser()];
  await openLink(browser, await linkFor("dora"));
  await openLink(elsewhere, atReplica(await linkFor("dora")).replace(replica, publicUrl));
  const unopened = await linkFor("dora");
  const held = await new Browser().get(unopened);
  const own = await browser.get(home());
  const begun = await browser.post(`${home()}/start`, {
    provider: "acme",
    form_token: formOf(own.text).form_token ?? "",
  });
  const start = /class="button" href="([^"]+)"/.exec(begun.text)?.[1] ?? "";
  const back = (await browser.get((await browser.get(start)).location as URL)).location as URL;
  const neighbour = new Browser();
  await openLink(neighbour, await linkFor("dorothy"));
  expect((await browser.get(atReplica(home()))).status).toBe(200);

  const { key } = await api.makeKey("connections:read");
  await api.refused("DELETE /v1/users/dora/connect-sessions", 403, "insufficient_key_scope", { key });
  const ended = await api.ask("DELETE /v1/users/dora/connect-sessions");
  expect(ended).toMatchObject({ status: 200, body: { ended_at: expect.any(String) } });
  for (const at of [home(), atReplica(home())]) {
    expect((await browser.get(at)).status).toBe(401);
    expect((await elsewhere.get(at)).status).toBe(401);
    expect((await neighbour.get(at)).status).toBe(200);
  }
  const form = { provider: "acme", form_token: formOf(own.text).form_token ?? "" };
  expect((await browser.post(`${home()}/start`, form)).status).toBe(401);
  expect((await new Browser().get(unopened)).status).toBe(401);
  expect((await new Browser().post(`${home()}/open`, formOf(held.text))).status).toBe(403);
  const { requests } = await server.summary();
  expect([(await browser.get(back)).status, (await server.summary()).requests]).toEqual([400, requests]);
  // What is made from now on opens; ending it again ends that too.
  const next = await linkFor("dora");
  expect((await browser.get(await openLink(browser, next))).text).toContain("of <bdi>dora</bdi>");
  await api.ask("DELETE /v1/users/dora/connect-sessions");
  expect((await browser.get(home())).status).toBe(401);
  const { rows } = await api.rig.pool.query(
    "SELECT action, actor FROM audit_log WHERE action LIKE 'connect.session%' ORDER BY id DESC LIMIT 2",
  );
  expect(rows[0]).toEqual({ action: "connect.sessions_ended", actor: "key:bootstrap" });
  expect(JSON.stringify(rows)).not.toContain("dora");
});

test("a session ends when it was said at its opening, whatever is opened or made again", async () => {
  const link = await linkFor("finn", { ttl: 86_400 });
  const browser = new Browser();
  const asked = await browser.get(link);
  const before = Date.now();
  await answer(browser, asked);
  const [row] = await sessionsOf("finn");
  expect(row.ends_at.getTime() - before).toBeLessThan(3_601_000);
  await answer(browser, asked);
  expect(await sessionsOf("finn")).toEqual([row]);
  // The page in a frame makes a link for the page outside of it.
  const framed = await browser.get(home(), { "sec-fetch-dest": "iframe" });
  const again = /target="_top" href="([^"]+)"/.exec(framed.text)?.[1] ?? "";
  await openLink(new Browser(), again);
  const rows = await sessionsOf("finn");
  expect(rows.map(({ ends_at }) => ends_at.getTime())).toEqual([row.ends_at.getTime(), row.ends_at.getTime()]);
  await api.rig.pool.query("UPDATE connect_sessions SET ends_at = now() WHERE link_hash = $1", [row.link_hash]);
  expect((await browser.get(home())).status).toBe(401);
  for (const late of [browser, new Browser()]) expect((await late.get(link)).status).toBe(401);
  expect((await answer(browser, asked)).status).toBe(401);
});

test("an app may have what the page connects wait for its own word", async () => {
  const body = { user_id: "gil", confirm: true };
  const { body: told } = await api.refused("POST /v1/connect/links", 400, "invalid_input", { body });
  expect(told.errors).toMatchObject([{ field: "return_url" }]);
  const connect = async (userId: string) => {
    const browser = new Browser();
    const page = await browser.get(
      await openLink(browser, await linkFor(userId, { confirm: true, return_url: returnUrl, tags: ["of-the-link"] })),
    );
    const begun = await browser.post(`${home()}/start`, { ...formOf(page.text), provider: "acme" });
    const start = /class="button" href="([^"]+)"/.exec(begun.text)?.[1] ?? "";
    const back = await browser.get((await browser.get((await browser.get(start)).location as URL)).location as URL);
    return (back.location as URL).searchParams;
  };
  const confirmed = (query: URLSearchParams, user_id: string) =>
    api.ask("POST /v1/connect/confirm", { body: { confirmation: query.get("confirmation"), user_id } });
  const query = await connect("gil");
  expect(query.get("status")).toBe("pending");
  expect((await api.ask("GET /v1/users/gil/health")).body).toEqual({ data: [] });
  expect((await confirmed(query, "gil")).body).toMatchObject({ status: "connected" });
  expect((await api.ask("GET /v1/connections?user_id=gil")).body.data).toMatchObject([{ tags: ["of-the-link"] }]);
  expect((await confirmed(await connect("gil"), "victim")).body).toMatchObject({ code: "confirmed_for_another" });
});

test.each(["Ada\nLovelace", "Ada \u202Elive", "\u200B", "Ada\0", "x".repeat(201)])(
  "nobody is called %j",
  async (user_name) => {
    const asked = await api.ask("POST /v1/connect/links", { body: { user_id: "u", user_name } });
    expect([asked.status, asked.body.errors?.[0]?.field]).toEqual([400, "user_name"]);
  },
);

test("links of the former version open, until the user's sessions are ended; what is over leaves the tables", async () => {
  const { engine } = openTestEngine(api.rig.env);
  const former = { userId: "hedy", returnUrl: null, providers: null, userEmail: null, connectionId: null };
  const link = `${home()}?link=${sealFor(engine, "connect-link", former, 60_000)}`;
  const browser = new Browser();
  expect((await browser.get(await openLink(browser, link))).text).toContain("of <bdi>hedy</bdi>");
  await api.ask("DELETE /v1/users/hedy/connect-sessions");
  expect((await browser.get(home())).status).toBe(401);
  expect((await new Browser().get(`${home()}?link=${sealFor(engine, "connect-link", former, 60_000)}`)).status).toBe(
    401,
  );

  const visitor = { ...former, userId: "ida", endsAt: Date.now() + 5000 };
  expect(await openConnectSession(engine, { link: "a", browser: "b", visitor })).toEqual(new Date(visitor.endsAt));
  expect(
    await openConnectSession(engine, { link: "c", browser: "b", visitor: { ...visitor, endsAt: Date.now() - 1 } }),
  ).toBeNull();
  await api.rig.pool.query(`UPDATE connect_sessions SET ends_at = now() - interval '49 hours' WHERE user_id = 'ida'`);
  await api.rig.pool.query(`UPDATE connect_endings SET ended_at = now() - interval '49 hours' WHERE user_id = 'hedy'`);
  await pruneConnectSessions(engine.pool);
  expect(await sessionsOf("ida")).toEqual([]);
  expect(await sessionsOf("hedy")).toHaveLength(1);
  const { rows } = await engine.pool.query("SELECT user_id FROM connect_endings WHERE user_id IN ('hedy', 'dora')");
  expect(rows).toEqual([{ user_id: "dora" }]);
});
