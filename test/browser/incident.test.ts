import { createDashboard } from "@evertoken/dashboard";
import { openQueues } from "@evertoken/engine/internal";
import { freePort } from "@evertoken/local";
import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import { createConnectRig } from "../support/connect-rig.ts";
import { comesDue } from "../support/drive.ts";
import { addEndpoint, promptly, tell } from "../support/events.ts";
import { startReceiver } from "../support/receiver.ts";
import { hasty, until } from "../support/rig.ts";
import { onFileEnd } from "../support/services.ts";
import { startTokenServer } from "../support/token-server.ts";
import { noChromium, openBrowser, shot } from "./chromium.ts";

const many = 500;

async function startIncident() {
  const server = await startTokenServer({ client: { id: "client", secret: "client-secret" } });
  const hubspot = {
    HUBSPOT_CLIENT_ID: "client",
    HUBSPOT_CLIENT_SECRET: "client-secret",
    HUBSPOT_TOKEN_URL: server.tokenUrl,
  };
  const rig = await createConnectRig({ ...hasty, ...promptly, ...hubspot }, server);
  await openQueues(rig.engine);
  const ids: string[] = [];
  while (ids.length < many) {
    const connected = await Promise.all(Array.from({ length: 50 }, () => rig.connect({ provider: "hubspot" })));
    ids.push(...connected.map(({ id }) => id));
  }
  await Promise.all([1, 2, 3].map(() => rig.connect()));
  const app = await createDashboard({
    ...{ engine: rig.engine, queues: () => rig.engine.queues.all(), secureCookies: false, logger: rig.logger },
    people: [{ name: "olga", credential: "olga's password", role: "operator" }],
    ready: async () => ({ ready: true, checks: {} }),
  });
  const port = await freePort();
  await app.listen({ host: "127.0.0.1", port });
  onFileEnd(() => app.close());
  return { rig, ids, url: `http://127.0.0.1:${port}` };
}

async function logIn(page: Page, url: string): Promise<void> {
  await page.goto(url);
  await page.getByLabel("Name").fill("olga");
  await page.getByLabel("Password").fill("olga's password");
  await page.getByRole("button", { name: "Log in" }).click();
}

/** By the keyboard alone. */
async function press(page: Page, name: string): Promise<void> {
  await until(`${name} has the focus`, async () => {
    await page.keyboard.press("Tab");
    return (await page.evaluate("document.activeElement.textContent")) === name;
  });
  await page.keyboard.press("Enter");
}

test.skipIf(noChromium)(
  "three minutes of an incident, on a phone: who, why, what first, and green again",
  async () => {
    const { rig, ids, url } = await startIncident();
    const receiver = await startReceiver();
    await addEndpoint(rig, { target: receiver.url });
    await rig.queues.refreshQueue("acme").pause();
    await receiver.down();
    await rig.pool.query(
      "UPDATE connections SET expires_at = now() - interval '1 minute', next_refresh_at = now() - interval '2 minutes'",
    );
    const worker = await rig.start("worker", { HUBSPOT_CLIENT_SECRET: "of-another-environment" });
    for (const id of ids.slice(0, 8)) await comesDue(rig, id);
    await tell(rig, 2, "connection.needs_reauth", { errorCode: "refresh_token_expired" });
    await until("the receiver has failed", async () => {
      const sql =
        "UPDATE webhook_endpoints SET failing_since = now() - interval '10 minutes' WHERE failing_since IS NOT NULL";
      return ((await rig.pool.query(sql)).rowCount ?? 0) > 0;
    });

    const phone = { viewport: { width: 375, height: 812 }, hasTouch: true, isMobile: true } as const;
    const page = await (await openBrowser(phone)).newPage();
    await logIn(page, url);
    await page
      .getByRole("link", { name: `${many + 3} customers cannot use ${many + 3} connections now` })
      .waitFor({ timeout: 60_000 });
    await page
      .getByText(`HubSpot refuses our client registration: ${many} connections are not refreshed`)
      .waitFor({ timeout: 60_000 });
    await page.getByText("acme is paused: 3 connections are not refreshed").waitFor();
    const took = page.getByText(/A receiver of events does not take them: \d+ wait/);
    await took.waitFor({ timeout: 30_000 });
    await page.getByRole("link", { name: `${many + 3} on us to mend` }).waitFor({ timeout: 30_000 });
    await page.getByText("Put client id and secret right").waitFor();
    expect(await page.getByRole("link", { name: "Open the receiver" }).count()).toBe(1);
    await shot(page, "incident-phone");
    // The whole answer on one screen, and nothing beside it.
    const last = await page.getByRole("link", { name: "Open the receiver" }).boundingBox();
    expect((last?.y ?? 0) + (last?.height ?? 0)).toBeLessThanOrEqual(phone.viewport.height);
    expect(await page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")).toBe(0);

    await page.getByRole("link", { name: "Open hubspot" }).click();
    await page.getByRole("heading", { name: "HubSpot" }).first().waitFor();
    await page.goBack();
    await press(page, "Resume acme");
    await page.getByRole("button", { name: "Pause its refreshes" }).waitFor();
    expect(await rig.queues.refreshQueue("acme").isPaused()).toBe(false);
    await receiver.up();
    await page.goto(url);
    await page.getByRole("link", { name: "Open the receiver" }).click();
    await page.getByRole("button", { name: "Send a test" }).click();
    await page.getByText("It took the test").waitFor();

    await page.goto(url);
    await worker.stop();
    await rig.start("worker");
    await rig.start("scheduler");
    await page.evaluate("window.stayed = true");
    await page.getByText("Every customer can use every connection.").waitFor({ timeout: 90_000 });
    await page.getByText("Nothing needs you").waitFor({ timeout: 30_000 });
    expect(await page.evaluate("window.stayed")).toBe(true);
    await shot(page, "incident-over");
  },
  180_000,
);
