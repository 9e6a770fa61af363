import { followAuthorization } from "@evertoken/demo";
import { Browser, openLink } from "../support/browser.ts";

/** Connects an account of the demo as a person with a browser does: the link, the page, the consent, and back to the page. */
export async function connectInBrowser(link: string, login: string) {
  const browser = new Browser();
  const home = await openLink(browser, link);
  const page = await browser.get(home);
  const begun = await browser.post(`${home}/start`, { provider: "demo", form_token: formToken(page.text) });
  const start = found(begun.text, /class="button" href="([^"]+)"/).replaceAll("&amp;", "&");
  const authorizeUrl = ((await browser.get(start)).location as URL).href;
  const redirectUri = new URL(authorizeUrl).searchParams.get("redirect_uri") ?? "";
  const back = (await browser.get(await followAuthorization({ authorizeUrl, redirectUri, login }))).location as URL;
  const after = await browser.get(back);
  return { page: shown(page), outcome: Object.fromEntries(back.searchParams), after: shown(after) };
}

const shown = ({ status, text }: { status: number; text: string }) => ({ status, html: text });
const formToken = (html: string) => found(html, /name="form_token" value="([^"]+)"/);
const found = (html: string, pattern: RegExp) => pattern.exec(html)?.[1] ?? "";
