import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { type Browser, type BrowserContext, type BrowserContextOptions, chromium, type Page } from "playwright-core";
import { onFileEnd } from "../support/services.ts";

const executablePath = process.env.CHROMIUM_PATH ?? "/usr/bin/chromium";
const inCi = process.env.CI === "true";

/** Loud where there is none; where it counts, a missing browser is a failure. */
export const noChromium = !existsSync(executablePath) && !inCi;
if (noChromium) console.warn(`\n*** SKIPPED: no Chromium at ${executablePath}; install it, or set CHROMIUM_PATH ***\n`);

const flags = [
  ...["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"],
  ...["--disable-component-update", "--disable-sync"],
];

/** One for the file: starting one is most of what a short test costs. */
let started: Promise<Browser> | undefined;

/** What a person sees who has a browser of his own: no cookie or cache is shared with another one. */
export async function openBrowser(options: BrowserContextOptions = {}): Promise<BrowserContext> {
  started ??= start();
  const context = await (await started).newContext(options);
  context.setDefaultTimeout(30_000);
  return context;
}

async function start(): Promise<Browser> {
  const browser = await chromium.launch({ executablePath, headless: true, args: flags });
  onFileEnd(() => {
    started = undefined;
    return browser.close();
  });
  return browser;
}

/** Kept only where EVERTOKEN_SCREENSHOTS names a folder. */
export async function shot(page: Page, name: string): Promise<void> {
  const folder = process.env.EVERTOKEN_SCREENSHOTS;
  if (folder === undefined) return;
  mkdirSync(folder, { recursive: true });
  await page.screenshot({ path: join(folder, `${name}.png`), fullPage: true });
}
