import { createDashboard } from "@evertoken/dashboard";
import { bulkActions, openQueues } from "@evertoken/engine/internal";
import { freePort } from "@evertoken/local";
import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import { type ConnectRig, createConnectRig } from "../support/connect-rig.ts";
import { attempts, patch } from "../support/drive.ts";
import { until } from "../support/rig.ts";
import { onFileEnd } from "../support/services.ts";
import { noChromium, openBrowser, shot } from "./chromium.ts";

async function startDashboard(): Promise<ConnectRig & { url: string }> {
  const rig = await createConnectRig({ HUBSPOT_CLIENT_ID: "x", HUBSPOT_CLIENT_SECRET: "y" });
  await openQueues(rig.engine);
  const app = await createDashboard({
    engine: rig.engine,
    queues: () => rig.engine.queues.all(),
    people: [
      { name: "olga", credential: "olga's password", role: "operator" },
      { name: "victor", credential: "victor's password", role: "viewer" },
    ],
    secureCookies: false,
    ready: async () => ({ ready: true, checks: {} }),
    logger: rig.logger,
  });
  const port = await freePort();
  await app.listen({ host: "127.0.0.1", port });
  onFileEnd(() => app.close());
  return { ...rig, url: `http://127.0.0.1:${port}` };
}

async function logIn(page: Page, url: string, name: string): Promise<void> {
  await page.goto(url);
  await page.getByLabel("Name").fill(name);
  await page.getByLabel("Password").fill(`${name}'s password`);
  await page.getByRole("button", { name: "Log in" }).click();
}

const wider = (page: Page) =>
  page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth");

/** What a service in the middle of a bad day has to show. */
async function fill({ pool, ...rig }: ConnectRig): Promise<void> {
  const { id } = await rig.connect({ displayName: `${"a-very-long-name".repeat(4)}@example.example` });
  await rig.connect({ displayName: "Ada" });
  await patch(
    { ...rig, pool },
    id,
    "status = 'needs_reauth', last_error_code = 'refresh_token_expired', next_refresh_at = NULL",
  );
  await pool.query(
    `INSERT INTO connections (id, user_id, provider, external_account_id, display_name, status, expires_at, failing_since, last_error_code,
       last_refresh_at, access_token)
     SELECT gen_random_uuid(), 'user-' || n, (ARRAY['acme', 'hubspot'])[1 + n % 2], 'account-' || n, 'Account ' || n,
       (ARRAY['connected', 'connected', 'connected', 'token_expired', 'error'])[1 + n % 5], now() + (n % 70 - 8) * interval '1 minute' * (1 + n % 20),
       CASE WHEN n % 5 > 2 THEN now() - interval '40 minutes' END, CASE n % 5 WHEN 3 THEN 'provider_unavailable' WHEN 4 THEN 'unknown_answer' END,
       now() - n % 50 * interval '1 minute', 'sealed' FROM generate_series(1, 120) n`,
  );
  await pool.query(
    `INSERT INTO token_refresh_log (connection_id, provider, trigger, success, outcome, error_code, duration_ms, generation, created_at)
     SELECT $1, (ARRAY['acme', 'hubspot'])[1 + n % 2], 'scheduled', o = 'granted', o,
       CASE o WHEN 'transient' THEN 'provider_unavailable' WHEN 'throttled' THEN 'rate_limited' WHEN 'denied' THEN 'refresh_token_expired' END,
       80 + n % 300, 1, now() - n % 1440 * interval '1 minute'
     FROM generate_series(1, 4000) n,
       LATERAL (SELECT CASE WHEN n % 41 = 0 THEN 'throttled' WHEN n % 23 = 0 THEN 'transient' WHEN n % 97 = 0 THEN 'denied' ELSE 'granted' END AS o) o`,
    [id],
  );
  await pool.query(
    `INSERT INTO circuits (provider, registration, fingerprint, open, code, reason, opened_at, next_probe_at, trouble_since, round_started_at)
     VALUES ('hubspot', 'default', 'f', true, 'invalid_client', 'HTTP 401: invalid_client', now() - interval '1 hour', now() + interval '4 minutes',
       now(), now())`,
  );
}

/** The page of an action that waits to be confirmed. @returns its path */
async function chooseMany(rig: ConnectRig): Promise<string> {
  const id = crypto.randomUUID();
  const { rows } = await rig.pool.query<{ id: string }>("SELECT id FROM connections LIMIT 60");
  await bulkActions.choose(rig.engine, id, { deed: "disconnect", tag: null, actor: "person:olga" }, [
    rows.map((row) => row.id),
  ]);
  await rig.pool.query(
    "UPDATE bulk_items SET outcome = 'refused', why = 'disconnected: the user disconnected this account'",
  );
  return `/connections/bulk/${id}`;
}

test.skipIf(noChromium)("an operator logs in, finds a connection, refreshes it and sees it happen", async () => {
  const rig = await startDashboard();
  await rig.start("worker");
  const { id } = await rig.connect({ displayName: "Ada's account", userId: "user-ada" });
  const page = await (await openBrowser()).newPage();
  const faults: string[] = [];
  page.on("console", (line) => line.type() === "error" && faults.push(line.text()));
  page.on("pageerror", (error) => faults.push(error.message));
  await logIn(page, rig.url, "olga");
  await page.getByRole("heading", { name: "Token health" }).waitFor();
  // A count is remembered for a while, longer on a busy machine; the page then brings itself up to date.
  await page.getByRole("link", { name: "1 connected" }).click({ timeout: 40_000 });
  await page.getByLabel(/^Id, user, account or name/).fill("USER-a");
  await page.getByRole("button", { name: "Show" }).click();
  const ada = page.getByRole("link", { name: "Ada's account" });
  await ada.waitFor();
  await page.getByLabel("Tick all on this page").press("Space");
  await page.getByText("those that are ticked (1)").waitFor();
  await page.getByLabel("Choose Ada's account").press("Space");
  expect(await page.getByLabel("Tick all on this page").isChecked()).toBe(false);
  await ada.click();
  const entries = page.locator("[data-entry]");
  // That it was made, and who imported it.
  expect(await entries.count()).toBe(2);

  await page.getByRole("button", { name: "Refresh now" }).click();
  await page.getByText("The refresh was brought forward").waitFor();
  await attempts(rig, id, 1);
  // The page brings itself up to date, without being loaded anew.
  await page.evaluate("window.stayed = true");
  await page.locator("[data-entry^=refresh]", { hasText: "granted" }).waitFor();
  expect(await page.evaluate("window.stayed")).toBe(true);
  expect(await page.locator("dd", { hasText: /^2$/ }).count()).toBe(1);
  await shot(page, "dashboard-refreshed");

  await page.getByRole("button", { name: "Reconnect link" }).click();
  expect(await page.getByLabel("Link").inputValue()).toContain("/connect?link=");
  await page.getByRole("button", { name: "Copy" }).click();
  await page.getByRole("button", { name: "Copied" }).waitFor();
  await page.getByRole("link", { name: "Back to the connection" }).click();

  await page.locator("summary", { hasText: "Disconnect" }).click();
  await page.getByRole("button", { name: "Disconnect for good" }).click(); // Not without the box: the browser holds it back.
  expect((await rig.row(id)).status).toBe("connected");
  await page.getByLabel("I am sure").check();
  await page.getByRole("button", { name: "Disconnect for good" }).click();
  await page.getByText("revoked at the provider").first().waitFor();
  expect(await rig.row(id)).toMatchObject({ status: "disconnected", access_token: null });

  await page.getByRole("link", { name: "Queues" }).click();
  await page.getByText("refresh-acme").first().waitFor();
  await page.getByRole("link", { name: "Token health" }).click();
  await page.getByRole("heading", { name: "Token health" }).waitFor();
  expect(faults).toEqual([]);
});

test.skipIf(noChromium)(
  "the overview follows what happens, can be held still, and goes to the login when its time is over",
  async () => {
    const rig = await startDashboard();
    const page = await (await openBrowser()).newPage();
    await page.clock.install();
    await logIn(page, rig.url, "victor");
    await page.getByRole("link", { name: "0 all connections" }).waitFor();
    await page.locator("#attempts-table summary").click();
    const { id } = await rig.connect();
    await rig.pool.query(
      `INSERT INTO token_refresh_log (connection_id, provider, trigger, success, outcome, duration_ms, generation) VALUES ($1, 'acme', 'scheduled', true, 'granted', 5, 1)`,
      [id],
    );
    await page.locator("body").press("Escape");
    await page.evaluate("document.activeElement.blur()");
    // More than once, since what is dear to count is remembered for a moment. What was open stays open.
    const shown = [
      page.getByRole("link", { name: "1 all connections" }),
      page.locator("#attempts-table[open] td", { hasText: /^1$/ }),
    ];
    await until("it is counted", async () => {
      await page.clock.runFor(15_000);
      return (await Promise.all(shown.map((each) => each.isVisible()))).every(Boolean);
    });
    await page.getByRole("button", { name: "Live" }).click();
    await page.getByRole("button", { name: "Paused" }).click();
    await page.context().clearCookies();
    await page.clock.runFor(16_000);
    await page.getByRole("heading", { name: "Log in" }).waitFor();
  },
);

test.skipIf(noChromium)("light, dark, without scripts and on a phone nothing is cut off", async () => {
  const rig = await startDashboard();
  await fill(rig);
  await rig.pool.query(
    "UPDATE connections SET tags = '{a-tag-as-long-as-tags-may-be:0123456789.0123456789,b,customer:4711}'",
  );
  const { rows } = await rig.pool.query("SELECT id FROM connections WHERE status = 'needs_reauth'");
  const paths = {
    overview: "/",
    connections: "/connections?sort=status",
    many: await chooseMany(rig),
    connection: `/connections/${rows[0].id}`,
    ...{
      providers: "/providers",
      provider: "/providers/acme?range=1h",
      log: "/log?range=7d",
      group: "/log/connections?outcome=failed",
    },
    ...{ user: "/user?id=user-7", webhooks: "/webhooks", settings: "/settings", audit: "/audit" },
  };
  for (const [name, options] of Object.entries({
    light: { viewport: { width: 1280, height: 900 }, colorScheme: "light" },
    dark: { viewport: { width: 1280, height: 900 }, colorScheme: "dark", javaScriptEnabled: false },
    phone: { viewport: { width: 360, height: 740 }, colorScheme: "light", hasTouch: true, isMobile: true },
    "phone-dark": { viewport: { width: 360, height: 740 }, colorScheme: "dark", hasTouch: true, isMobile: true },
  } as const)) {
    const page = await (await openBrowser(options)).newPage();
    await logIn(page, rig.url, "olga");
    for (const [shown, path] of Object.entries(paths)) {
      await page.goto(`${rig.url}${path}`);
      if (!("javaScriptEnabled" in options)) expect([name, shown, await wider(page)]).toEqual([name, shown, 0]);
      await shot(page, `dashboard-${name}-${shown}`);
    }
    await page.context().close();
  }
});

test.skipIf(noChromium)("every field and picture has a name, and the keyboard gets everywhere", async () => {
  const rig = await startDashboard();
  await fill(rig);
  const page = await (await openBrowser()).newPage();
  await logIn(page, rig.url, "olga");
  const { rows } = await rig.pool.query("SELECT id FROM connections LIMIT 1");
  for (const path of [
    ...[
      "/",
      "/connections",
      `/connections/${rows[0].id}`,
      "/providers",
      "/providers/acme",
      "/log",
      "/log/connections",
      "/user?id=user-7",
    ],
    ...["/webhooks", "/settings", "/audit", await chooseMany(rig)],
  ]) {
    await page.goto(`${rig.url}${path}`);
    const nameless = await page.evaluate(`[
      ...[...document.querySelectorAll("input:not([type=hidden]), select")].filter((field) => field.labels.length === 0),
      ...[...document.querySelectorAll("svg")].filter((svg) => !svg.hasAttribute("aria-label") && svg.getAttribute("aria-hidden") !== "true"),
      ...[...document.querySelectorAll("table")].filter((table) => table.caption === null),
      ...[...document.querySelectorAll("a, button, summary")].filter((each) => each.textContent.trim() === ""),
      ...[...document.querySelectorAll("[id]")].filter((each) => document.querySelectorAll("#" + CSS.escape(each.id)).length > 1),
    ].map((each) => each.outerHTML.slice(0, 120))`);
    expect([path, nameless]).toEqual([path, []]);
    await page.keyboard.press("Tab");
    expect(await page.evaluate("document.activeElement.textContent")).toBe("Skip to the content");
  }
  await page.goto(rig.url);
  await until("the board is reached by the keyboard", async () => {
    await page.keyboard.press("Tab");
    return (await page.evaluate("document.activeElement.textContent")) === "Queues";
  });
});
