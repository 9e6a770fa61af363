import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { type BrowserContext, type BrowserContextOptions, chromium, type Page } from "playwright-core";
import { onFileEnd, temporaryDirectory } from "../support/services.ts";

const executablePath = process.env.CHROMIUM_PATH ?? "/usr/bin/chromium";
const inCi = process.env.CI === "true";

/** Loud where there is none; where it counts, a missing browser is a failure. */
export const noChromium = !existsSync(executablePath) && !inCi;
if (noChromium) console.warn(`\n*** SKIPPED: no Chromium at ${executablePath}; install it, or set CHROMIUM_PATH ***\n`);

const flags = [
  ...["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"],
  ...["--disable-component-update", "--disable-sync"],
];

/** A browser with a profile of its own. */
export async function openBrowser(options: BrowserContextOptions = {}): Promise<BrowserContext> {
  const profile = await temporaryDirectory();
  const context = await chromium.launchPersistentContext(profile, {
    executablePath,
    headless: true,
    args: flags,
    ...options,
  });
  context.setDefaultTimeout(10_000);
  onFileEnd(() => context.close());
  return context;
}

/** Kept only where EVERTOKEN_SCREENSHOTS names a folder. */
export async function shot(page: Page, name: string): Promise<void> {
  const folder = process.env.EVERTOKEN_SCREENSHOTS;
  if (folder === undefined) return;
  mkdirSync(folder, { recursive: true });
  await page.screenshot({ path: join(folder, `${name}.png`), fullPage: true });
}
