// Real pictures of the demo, for README and guides: npm run screenshots. Needs Chromium (CHROMIUM_PATH, or where Debian has it).
import { execFile, spawn } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { type BrowserContext, chromium, type Page } from "playwright-core";

const root = fileURLToPath(new URL("../..", import.meta.url));
const folder = join(root, "docs/images");
const size = { width: 1280, height: 800 };
const run = promisify(execFile);
const longestMs = 240_000;

/** What `evertoken start --json` says when all of it runs. */
interface Ready {
  readonly services: readonly { readonly name: string; readonly where: string }[];
  readonly login: { readonly user: string; readonly password: string };
}

const cwd = mkdtempSync(join(tmpdir(), "evertoken-screenshots-"));
// Postgres is another user when we are root.
chmodSync(cwd, 0o755);
const ports = { DASHBOARD_PORT: "0", WORKER_PORT: "0", SCHEDULER_PORT: "0", API_PORT: "0", DEMO_PORT: "0" };
/** Offered on the connect page; nobody is connected there. */
const offered = Object.fromEntries(
  ["HUBSPOT", "SPOTIFY", "DROPBOX", "ZOOM", "NOTION", "ASANA", "LINEAR", "SHOPIFY", "MAILCHIMP"].flatMap((name) => [
    [`${name}_CLIENT_ID`, "demo"],
    [`${name}_CLIENT_SECRET`, "demo"],
  ]),
);
const env = { ...process.env, ...ports, ...offered, APP_NAME: "Blue Shoes", DEMO_ACCESS_TOKEN_TTL_SECONDS: "120" };
const command = join(root, "packages/cli/bin/evertoken.js");
const demo = spawn(process.execPath, [command, "start", "--json", "--accounts", "40"], {
  ...{ cwd, env, stdio: ["ignore", "pipe", "inherit"] as const },
});

try {
  const ready = await readiness();
  mkdirSync(folder, { recursive: true });
  for (const scheme of ["light", "dark"] as const) await take(ready, scheme);
} finally {
  if (demo.exitCode === null) {
    const closed = new Promise((resolve) => demo.once("close", resolve));
    demo.kill("SIGTERM");
    await closed;
  }
  rmSync(cwd, { recursive: true, force: true });
}

function readiness(): Promise<Ready> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error("the demo is not ready")), longestMs);
    demo.once("close", (code) => reject(new Error(`the demo has ended with ${code}`)));
    createInterface(demo.stdout).on("line", (line) => {
      const event = JSON.parse(line) as Ready & { event: string };
      if (event.event !== "ready") return;
      clearTimeout(timer);
      resolve(event);
    });
  });
}

async function take({ services, login }: Ready, scheme: "light" | "dark"): Promise<void> {
  const profile = mkdtempSync(join(tmpdir(), "evertoken-profile-"));
  const browser = await chromium.launchPersistentContext(profile, {
    executablePath: process.env.CHROMIUM_PATH ?? "/usr/bin/chromium",
    ...{ headless: true, args: ["--no-sandbox", "--disable-gpu"], colorScheme: scheme, viewport: size, locale: "en" },
  });
  try {
    const page = await browser.newPage();
    const dashboard = services.find(({ name }) => name === "dashboard")?.where ?? "";
    await page.goto(dashboard);
    await page.fill("input[name=name]", login.user);
    await page.fill("input[name=password]", login.password);
    await page.click("button[type=submit], form button");
    await page.waitForURL(new URL("/", dashboard).href);
    await page.goto(new URL("/connections", dashboard).href);
    await page.locator("a[href*='/connections/']").first().click();
    await refreshed(page);
    await shoot(page, browser, `connection-${scheme}`);
    await page.goto(new URL("/connections", dashboard).href);
    await shoot(page, browser, `connections-${scheme}`);
    await page.goto(dashboard);
    await shoot(page, browser, `overview-${scheme}`);
    // Each link opens the page of one browser.
    const { stdout } = await run(process.execPath, [command, "connect-link", "demo-1"], { cwd, env });
    await page.goto(stdout.trim());
    await page.getByRole("button", { name: "Yes, go on" }).click();
    await shoot(page, browser, `connect-${scheme}`);
  } finally {
    await browser.close();
    rmSync(profile, { recursive: true, force: true });
  }
}

/** Its timeline tells of an attempt. */
async function refreshed(page: Page): Promise<void> {
  const end = Date.now() + longestMs;
  while ((await page.locator("main").textContent())?.includes("refresh (scheduled)") !== true) {
    if (Date.now() > end) throw new Error("nothing was refreshed");
    await sleep(2000);
    await page.reload();
  }
}

/** WebP is a third of a PNG. */
async function shoot(page: Page, browser: BrowserContext, name: string): Promise<void> {
  await page.waitForLoadState("load");
  const session = await browser.newCDPSession(page);
  const { data } = await session.send("Page.captureScreenshot", { format: "webp", quality: 80 });
  const picture = Buffer.from(data, "base64");
  writeFileSync(join(folder, `${name}.webp`), picture);
  console.log(`${name}.webp: ${Math.round(picture.length / 1000)} kB`);
}
