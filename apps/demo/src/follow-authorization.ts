import got from "got";
import { createCookieJar } from "./cookie-jar.ts";

export type FollowAuthorizationOptions = {
  /** Where the app would send the user's browser. */
  authorizeUrl: string;
  /** The walk ends where the browser would be sent here, whatever the query. */
  redirectUri: string;
  login: string;
  /** `cancel` refuses at the first page. */
  decision?: "allow" | "cancel";
};

const maxSteps = 20;

/** What the user would press on this page, as a request. */
function formOf(
  html: string,
  { login, decision }: { login: string; decision: "allow" | "cancel" },
): { action: string; body: string } {
  const actions = [...html.matchAll(/<form method="post" action="([^"]+)"/g)].map((match) => match[1] ?? "");
  const action = actions.find((candidate) => candidate.endsWith("/abort") === (decision === "cancel"));
  if (action === undefined) throw new Error("the authorization server showed a page without a form to go on with");
  const fields = action.endsWith("/login") ? { login, password: "any" } : {};
  return { action, body: new URLSearchParams(fields).toString() };
}

/** One step of a browser: redirects are not followed, since each may set cookies and the last one is the result. */
function ask(url: URL, cookie: string, body: string | undefined) {
  const posting = body === undefined ? {} : { method: "POST" as const, body };
  const formType = body === undefined ? {} : { "content-type": "application/x-www-form-urlencoded" };
  return got(url, {
    ...posting,
    headers: { cookie, accept: "text/html", ...formType },
    followRedirect: false,
    throwHttpErrors: false,
    retry: { limit: 0 },
    timeout: { request: 10_000 },
  });
}

/**
 * Walks through the demo server's login and consent pages as a browser would, over HTTP.
 *
 * @returns the address that the browser would be sent to at the end, with `code` and `state`, or with `error`
 */
export async function followAuthorization({
  authorizeUrl,
  redirectUri,
  login,
  decision = "allow",
}: FollowAuthorizationOptions): Promise<URL> {
  const jar = createCookieJar();
  let next: { url: URL; body?: string } = { url: new URL(authorizeUrl) };
  for (let step = 0; step < maxSteps; step += 1) {
    const { url, body } = next;
    const response = await ask(url, jar.header(url.pathname), body);
    jar.store(response.headers["set-cookie"] ?? [], Date.now());
    const { location } = response.headers;
    if (location !== undefined) {
      const target = new URL(location, url);
      if (`${target.origin}${target.pathname}` === redirectUri) return target;
      next = { url: target };
    } else if (response.statusCode === 200) {
      const form = formOf(response.body, { login, decision });
      next = { url: new URL(form.action, url), body: form.body };
    } else {
      throw new Error(`the authorization server answered ${response.statusCode} on the way`);
    }
  }
  throw new Error(`no end after ${maxSteps} steps`);
}
