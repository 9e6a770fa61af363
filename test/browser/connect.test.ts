import { jobId } from "@evertoken/core";
import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import { consent, isActive } from "../support/connect-rig.ts";
import { patch } from "../support/drive.ts";
import { type Row, until } from "../support/rig.ts";
import { noChromium, openBrowser, shot } from "./chromium.ts";
import { type Journey, startJourney } from "./journey-rig.ts";

/** As the demo server shows them; a session there may spare the first one. */
async function signInAndAllow(page: Page, login: string): Promise<void> {
  await page.waitForURL(/\/interaction\//);
  if ((await page.locator("input[name=login]").count()) > 0) {
    await page.fill("input[name=login]", login);
    await page.getByRole("button", { name: "Sign in" }).click();
  }
  await page.getByRole("button", { name: "Allow" }).click();
}

/** The question that each link asks. */
const itIsMe = (page: Pick<Page, "getByRole">) => page.getByRole("button", { name: "Yes, go on" }).click();

const card = (page: Page, status: string) => page.locator(`[data-status=${status}]`);

async function onlyConnection({ pool }: Journey): Promise<Row> {
  const { rows } = await pool.query<Row>("SELECT * FROM connections");
  expect(rows).toHaveLength(1);
  return rows[0] as Row;
}

test.skipIf(noChromium)(
  "from the app's link through login and consent back to the app, and all that follows",
  async () => {
    const journey = await startJourney();
    const { demo, apiUrl, appUrl } = journey;
    const page = await (await openBrowser()).newPage();
    const faults: string[] = [];
    page.on("console", (line) => line.type() === "error" && faults.push(line.text()));
    page.on("pageerror", (error) => faults.push(error.message));

    await page.goto(appUrl);
    await page.getByRole("link", { name: "Connect accounts" }).click();
    await shot(page, "question");
    await itIsMe(page);
    await page.waitForURL(`${apiUrl}/connect`); // The link itself has left the address bar.
    await shot(page, "empty");
    await page.getByRole("button", { name: "Connect Demo" }).click();
    await shot(page, "demo-login");
    await signInAndAllow(page, "ada");
    await page.waitForURL(`${appUrl}/done**`);
    expect(await page.locator("#status").textContent()).toBe("connected");
    const row = await onlyConnection(journey);
    const back = Object.fromEntries(new URL(page.url()).searchParams);
    expect(back).toMatchObject({ status: "connected", connection_id: row.id, provider: "demo" });
    expect(row).toMatchObject({ user_id: "u", external_account_id: "ada", status: "connected", generation: 1 });
    const job = await journey.queues.refreshQueue("demo").getJob(jobId(row.id, 1));
    expect(await job?.getState()).toBe("delayed");

    // Only now, so that the first generation's job stood still to be looked at.
    await journey.start("worker");
    await until("the initial sync is done", async () => (await journey.row(row.id)).last_sync_status === "success");

    await page.goto(journey.link());
    await itIsMe(page);
    expect(await card(page, "connected").textContent()).toContain("ada");
    await shot(page, "connected");

    // A dead grant: shown as such, and mended under the same id.
    const dead = await patch(
      journey,
      row.id,
      "status = 'needs_reauth', last_error_code = 'refresh_token_expired', next_refresh_at = NULL",
    );
    await page.reload();
    await shot(page, "needs-reauth");
    await card(page, "needs_reauth")
      .getByRole("button", { name: /Reconnect/ })
      .click();
    await signInAndAllow(page, "ada");
    await page.waitForURL(`${apiUrl}/connect?**`);
    expect(await page.getByRole("status").textContent()).toBe("Demo is connected.");
    await shot(page, "banner-connected");
    const mended = await onlyConnection(journey);
    expect(mended).toMatchObject({ id: row.id, status: "connected", last_error_code: null });
    expect(mended.generation).toBeGreaterThan(dead.generation);

    const { accessToken } = await journey.client.getAccessToken(row.id);
    expect(await isActive(demo, accessToken)).toBe(true);
    await page.locator("summary", { hasText: "Disconnect" }).click();
    await shot(page, "disconnect");
    await page.getByRole("button", { name: "Yes, disconnect" }).click();
    await page.waitForURL(`${apiUrl}/connect?status=revoked`);
    expect(await card(page, "disconnected").count()).toBe(1);
    expect(await isActive(demo, accessToken)).toBe(false);
    expect(await onlyConnection(journey)).toMatchObject({ id: row.id, access_token: null, refresh_token: null });
    await shot(page, "disconnected");
    expect(faults).toEqual([]);
  },
);

test.skipIf(noChromium)(
  "refused consent, a changed state, a state used twice or too late: each is told, and nothing is stored",
  async () => {
    const journey = await startJourney();
    const { apiUrl, appUrl } = journey;
    const page = await (await openBrowser()).newPage();
    const begin = async () => {
      await page.goto(journey.link({ returnUrl: `${appUrl}/done` }));
      await itIsMe(page);
      await page.getByRole("button", { name: "Connect Demo" }).click();
      await page.waitForURL(/\/interaction\//);
    };
    const outcome = async () => {
      await page.waitForURL(`${appUrl}/done**`);
      return new URL(page.url()).searchParams.get("error");
    };

    await begin();
    await page.getByRole("button", { name: "Cancel" }).click();
    expect(await outcome()).toBe("consent_refused");
    await page.goto(`${apiUrl}/connect?status=refused&error=consent_refused`);
    expect(await page.getByRole("alert").textContent()).toContain("choose to allow it");
    await shot(page, "refused");

    // The consent is given past the browser, so that the answer can be changed on its way back into it.
    let asked = "";
    await page.route(`${apiUrl}/connect/go/**`, async (route) => {
      const sent = await route.fetch({ maxRedirects: 0 });
      const { location = "", "set-cookie": cookie = "" } = sent.headers();
      asked = location;
      await route.fulfill({
        status: 200,
        headers: { "content-type": "text/html", "set-cookie": cookie },
        body: "held",
      });
    });
    await page.goto(journey.link({ returnUrl: `${appUrl}/done` }));
    await itIsMe(page);
    await page.getByRole("button", { name: "Connect Demo" }).click();
    await page.waitForURL(`${apiUrl}/connect/go/**`);
    await page.unroute(`${apiUrl}/connect/go/**`);
    const { code = "", state: held, iss = "" } = await consent({ url: asked });
    const answer = `${apiUrl}/connect/callback/demo?${new URLSearchParams({ state: held, code, iss })}`;
    const changed = new URL(answer);
    changed.searchParams.set("state", `${changed.searchParams.get("state")?.slice(0, -4)}AAAA`);
    const told = await page.goto(changed.href);
    expect(told?.status()).toBe(400);
    expect(await page.locator("main").textContent()).toContain("not known");
    await shot(page, "state-changed");
    await journey.pool.query("UPDATE oauth_states SET expires_at = now() WHERE used_at IS NULL");
    await page.goto(answer);
    expect(await outcome()).toBe("state_expired");
    expect((await journey.pool.query("SELECT 1 FROM connections")).rowCount).toBe(0);

    await begin();
    await signInAndAllow(page, "ada");
    await page.waitForURL(`${appUrl}/done**`);
    expect(new URL(page.url()).searchParams.get("status")).toBe("connected");
    const state = new URL(page.url()).searchParams.get("state");
    await page.goto(`${apiUrl}/connect/callback/demo?state=${state}&code=again`);
    expect(await outcome()).toBe("state_used");
    expect((await journey.pool.query("SELECT generation FROM connections")).rows).toEqual([{ generation: 1 }]);
  },
);

test.skipIf(noChromium)(
  "a link answers in the first browser that says yes: not by another site's form, and not in a second browser",
  async () => {
    const { apiUrl, pool, link } = await startJourney();
    const attackers = link({ userId: "attacker" });
    const attacker = await (await openBrowser()).newPage();
    await attacker.goto(attackers);
    const fields = await attacker
      .locator("input[type=hidden]")
      .evaluateAll((inputs) => inputs.map((input) => (input as unknown as { outerHTML: string }).outerHTML).join(""));
    const victim = await (await openBrowser()).newPage();
    const evil = `<form method="post" action="${apiUrl}/connect/open">${fields}<button>Win a prize</button></form>`;
    await victim.route("http://127.0.0.1:9/**", (route) => route.fulfill({ contentType: "text/html", body: evil }));
    await victim.goto(link());
    await itIsMe(victim);
    await victim.goto("http://127.0.0.1:9/prize");
    await victim.getByRole("button", { name: "Win a prize" }).click();
    await victim.getByRole("heading", { name: "Not allowed" }).waitFor();
    expect((await pool.query("SELECT user_id FROM connect_sessions")).rows).toEqual([{ user_id: "u" }]);
    // Led to it without a form, the victim is asked, and sees for whom and instead of whom.
    await victim.goto(attackers);
    await shot(victim, "question-other-user");
    expect(await victim.locator("main").textContent()).toMatch(/for attacker[\s\S]*shows the accounts of u/);
    await victim.goto(`${apiUrl}/connect`);
    expect(await victim.locator("header").textContent()).toContain("of u");
    await itIsMe(attacker);
    await attacker.getByRole("heading", { name: "Connected accounts" }).waitFor();
    const late = await victim.goto(attackers);
    expect(late?.status()).toBe(410);
    expect(await victim.locator("main").textContent()).toContain("ask for a new one");
    await shot(victim, "link-used");
  },
);

test.skipIf(noChromium)(
  "an allowed app shows the page in a frame, where connecting leads out of it; another may not",
  async () => {
    const stranger = await startJourney();
    const { appUrl, apiUrl, ...journey } = await startJourney({}, true);
    const page = await (await openBrowser()).newPage();
    await page.goto(`${stranger.appUrl}/frame`);
    await page.waitForLoadState("networkidle");
    expect(await page.frameLocator("iframe").locator("h1", { hasText: "Connected accounts" }).count()).toBe(0);

    const { id } = await journey.client.connections.import({ userId: "u", provider: "demo", accessToken: "x" });
    await page.goto(`${appUrl}/frame`);
    const frame = page.frameLocator("iframe");
    await itIsMe(frame);
    await frame.locator("h1", { hasText: "Connected accounts" }).waitFor();
    await shot(page, "framed");
    await frame.locator("summary", { hasText: "Disconnect" }).click();
    await frame.getByRole("button", { name: "Yes, disconnect" }).click();
    await frame.getByText("The account is disconnected").waitFor();
    expect(await journey.row(id)).toMatchObject({ status: "disconnected" });
    await frame.getByRole("link", { name: "Connect Demo" }).click();
    await itIsMe(page);
    await page.waitForURL(`${apiUrl}/connect`);
    await page.getByRole("button", { name: "Connect Demo" }).click();
    await signInAndAllow(page, "ada");
    await page.waitForURL(`${apiUrl}/connect?**`);
    expect(await page.getByRole("status").textContent()).toBe("Demo is connected.");
  },
);

test.skipIf(noChromium)(
  "the app's button opens the page in a window, which tells the app and nobody else",
  async () => {
    const { appUrl, apiUrl } = await startJourney({}, true);
    const page = await (await openBrowser()).newPage();
    await page.goto(`${appUrl}/embed`);
    const opening = page.waitForEvent("popup");
    await page.getByRole("button", { name: "Connect your account" }).click();
    const popup = await opening;
    await popup.getByRole("button", { name: "Ja, weiter" }).click();
    await popup.waitForURL(`${apiUrl}/connect`);
    await popup.getByRole("button", { name: "Verbinden Demo" }).click();
    await signInAndAllow(popup, "ada");
    await page.locator("#told", { hasText: '"status":"connected"' }).waitFor();
    expect(JSON.parse((await page.locator("#told").textContent()) ?? "")).toMatchObject({
      ...{ status: "connected", provider: "demo", connection_id: expect.stringMatching(/^[0-9a-f-]{36}$/) },
    });
    await popup.close();
    await page.locator("#told", { hasText: "closed" }).waitFor();
    // A page of another origin that has opened the same address hears nothing.
    const stranger = await startJourney();
    await page.goto(`${stranger.appUrl}/embed`);
    await page.evaluate("heard = []; addEventListener('message', ({ data }) => heard.push(data))");
    const opened = page.waitForEvent("popup");
    await page.evaluate(`void open("${apiUrl}/connect?status=connected&provider=demo")`);
    const other = await opened;
    await other.getByRole("heading", { name: "Verbundene Konten" }).waitFor();
    expect(await other.evaluate("opener !== null")).toBe(true);
    expect(await page.evaluate("heard")).toEqual([]);
  },
);

/** Nothing is wider than the screen, and what is pressed is high enough for a finger. */
async function fits(page: Page, name: string): Promise<void> {
  const { wide, seen, low } = (await page.evaluate(`({
    wide: document.documentElement.scrollWidth, seen: innerWidth,
    low: [...document.querySelectorAll("button, input:not([type=hidden])")].filter((each) => each.checkVisibility() && each.offsetHeight < 44).length
  })`)) as { wide: number; seen: number; low: number };
  expect([name, wide, low]).toEqual([name, Math.min(wide, seen), 0]);
}

test.skipIf(noChromium)("light, dark and on a phone, with long names and many accounts", async () => {
  const journey = await startJourney({
    HUBSPOT_CLIENT_ID: "x",
    HUBSPOT_CLIENT_SECRET: "y",
    SPOTIFY_CLIENT_ID: "x",
    SPOTIFY_CLIENT_SECRET: "y",
  });
  const statuses = ["connected", "token_expired", "needs_reauth", "error", "connected"];
  for (const [index, status] of statuses.entries()) {
    const { id } = await journey.client.connections.import({
      ...{
        userId: "u",
        provider: ["hubspot", "spotify", "demo"][index % 3] as string,
        accessToken: "canary-token",
        refreshToken: "canary-refresh",
      },
      externalAccountId: `account-${index}`,
      displayName:
        index === 2 ? `${"a-very-long-name".repeat(6)}@example.example <script>alert(1)</script>` : `Account ${index}`,
      scopes: index === 4 ? ["openid"] : [],
    });
    await patch(journey, id, "status = $2", [status]);
  }
  for (const [name, options] of Object.entries({
    light: { viewport: { width: 1100, height: 900 }, colorScheme: "light" },
    dark: { viewport: { width: 1100, height: 900 }, colorScheme: "dark" },
    phone: { viewport: { width: 360, height: 740 }, colorScheme: "light", hasTouch: true, isMobile: true },
    "phone-dark": { viewport: { width: 360, height: 740 }, colorScheme: "dark", hasTouch: true, isMobile: true },
  } as const)) {
    const page = await (await openBrowser(options)).newPage();
    await page.goto(journey.link());
    await itIsMe(page);
    expect(await page.locator("[data-connection]").count()).toBe(5);
    await fits(page, name);
    expect(await page.content()).not.toContain("canary");
    if (name.startsWith("phone")) await page.locator("summary").first().click();
    await shot(page, name);
    // On to the provider, whose pages fit as well.
    await page
      .locator("form", { has: page.locator("input[value=demo]") })
      .getByRole("button")
      .click();
    await page.waitForURL(/\/interaction\//);
    await fits(page, `${name}: sign in`);
    await page.context().close();
  }
});
