/** What a browser keeps and shows of itself, over plain HTTP: cookies by host (whatever the port) and path, no redirect followed unless asked for. */
export class Browser {
  readonly #jar = new Map<string, { readonly value: string; readonly path: string }>();

  /** @param headers such as `sec-purpose` */
  get(url: string | URL, headers: Readonly<Record<string, string>> = {}): Promise<Answer> {
    return this.#ask(new URL(url), { headers });
  }

  head(url: string | URL): Promise<Answer> {
    return this.#ask(new URL(url), { method: "HEAD" });
  }

  /** A form of a page; the page's origin is that of the address unless it is said. */
  post(
    url: string | URL,
    fields: Readonly<Record<string, string>>,
    origin = new URL(url).origin,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Answer> {
    return this.#ask(new URL(url), {
      ...{ method: "POST", body: new URLSearchParams(fields), headers: { origin, ...headers } },
    });
  }

  /** The cookies of an address, by name. */
  cookies({ hostname, pathname }: URL): Record<string, string> {
    const own = [...this.#jar].filter(([key, { path }]) => key.startsWith(`${hostname} `) && pathname.startsWith(path));
    return Object.fromEntries(own.map(([key, { value }]) => [key.slice(hostname.length + 1), value]));
  }

  async #ask(url: URL, { headers, ...init }: RequestInit): Promise<Answer> {
    const cookie = Object.entries(this.cookies(url)).map(([name, value]) => `${name}=${value}`);
    const sent = {
      ...(headers as Record<string, string>),
      ...(cookie.length === 0 ? {} : { cookie: cookie.join("; ") }),
    };
    const response = await fetch(url, { ...init, headers: sent, redirect: "manual" });
    for (const line of response.headers.getSetCookie()) this.#keep(url, line);
    const location = response.headers.get("location");
    return {
      status: response.status,
      headers: response.headers,
      text: await response.text(),
      location: location === null ? null : new URL(location, url),
    };
  }

  #keep({ hostname }: URL, line: string): void {
    const [pair = "", ...attributes] = line.split(/;\s*/);
    const [name = ""] = pair.split("=", 1);
    const path = attributes.find((attribute) => /^path=/i.test(attribute))?.slice(5) ?? "/";
    if (attributes.some((attribute) => /^max-age=0$/i.test(attribute))) this.#jar.delete(`${hostname} ${name}`);
    else this.#jar.set(`${hostname} ${name}`, { value: pair.slice(name.length + 1), path });
  }
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  readonly location: URL | null;
}

/** The question of a connect link, and yes to it. @returns where the page is */
export async function openLink(browser: Browser, link: string | URL): Promise<URL> {
  const asked = await browser.get(link);
  const answer = await browser.post(new URL(`${new URL(link).pathname}/open`, link), formOf(asked.text));
  if (answer.location === null) throw new Error(`the link does not open: ${asked.status}, ${answer.status}`);
  return answer.location;
}

/** What stands hidden in the first form of a page. */
export function formOf(html: string): Record<string, string> {
  const [form = ""] = /<form[\s\S]*?<\/form>/.exec(html) ?? [];
  return Object.fromEntries(
    [...form.matchAll(/type="hidden" name="([^"]+)" value="([^"]*)"/g)].map(([, name = "", value = ""]) => [
      name,
      value,
    ]),
  );
}
