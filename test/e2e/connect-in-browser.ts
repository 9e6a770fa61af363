import { followAuthorization } from "@evertoken/demo";

/** Connects an account of the demo as a person with a browser does: the link, the page, the consent, and back to the page. */
export async function connectInBrowser(link: string, login: string) {
  const opened = await fetch(link, { redirect: "manual" });
  const headers = { cookie: (opened.headers.get("set-cookie") ?? "").split(";")[0] ?? "" };
  const home = opened.headers.get("location") ?? "";
  const page = await read(await fetch(home, { headers }));
  const form = new URLSearchParams({
    provider: "demo",
    form_token: found(page.html, /name="form_token" value="([^"]+)"/),
  });
  const begun = await read(await fetch(`${home}/start`, { method: "POST", headers, body: form }));
  const authorizeUrl = found(begun.html, /class="button" href="([^"]+)"/).replaceAll("&amp;", "&");
  const redirectUri = new URL(authorizeUrl).searchParams.get("redirect_uri") ?? "";
  const answered = await followAuthorization({ authorizeUrl, redirectUri, login });
  const done = await fetch(answered, { headers, redirect: "manual" });
  const back = new URL(done.headers.get("location") ?? "");
  return { page, outcome: Object.fromEntries(back.searchParams), after: await read(await fetch(back, { headers })) };
}

const read = async (response: Response) => ({ status: response.status, html: await response.text() });
const found = (html: string, pattern: RegExp) => pattern.exec(html)?.[1] ?? "";
