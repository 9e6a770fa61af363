import type { FastifyReply } from "fastify";

/**
 * `<evertoken-connect src="/connect-link">`: a button of the app's page that opens the connect page in a window of its own, since providers'
 * pages refuse to be framed, and says what came of it. `src` is the app's own address, which answers a POST with `{"url": <a fresh link>}`.
 *
 * What comes back is a hint from a browser: the app looks at its own server which accounts there are.
 */
const script = `const home = new URL(document.currentScript.src);
customElements.define("evertoken-connect", class extends HTMLElement {
  connectedCallback() {
    // Its children are not there yet while the page is still being read.
    if (document.readyState === "loading") {
      return document.addEventListener("DOMContentLoaded", () => this.connectedCallback(), { once: true });
    }
    if (this.querySelector("button") !== null) return;
    const button = document.createElement("button");
    button.type = "button";
    button.append(...(this.childNodes.length > 0 ? this.childNodes : ["Connect"]));
    button.addEventListener("click", () => this.open());
    this.append(button);
  }
  async open() {
    // At once: a window that opens later than the click is taken for an advertisement.
    const opened = window.open("", "evertoken-connect", "popup,width=520,height=720");
    const tell = (name, detail) => this.dispatchEvent(new CustomEvent("evertoken-" + name, { detail, bubbles: true }));
    if (opened === null) return tell("failed", { error: "popup_blocked" });
    const listen = ({ origin, source, data }) => {
      if (origin === home.origin && source === opened && data?.type === "evertoken-connect") tell("result", data.result);
    };
    window.addEventListener("message", listen);
    const watch = setInterval(() => {
      if (!opened.closed) return;
      clearInterval(watch);
      window.removeEventListener("message", listen);
      tell("closed", null);
    }, 500);
    try {
      const answer = await fetch(this.getAttribute("src"), { method: "POST", credentials: "same-origin" });
      if (!answer.ok) throw new Error("the app answered " + answer.status);
      const link = new URL((await answer.json()).url);
      if (link.origin !== home.origin) throw new Error("the link leads elsewhere");
      const locale = this.getAttribute("locale") ?? document.documentElement.lang;
      if (locale) link.searchParams.set("locale", locale);
      opened.location = link.href;
    } catch (error) {
      opened.close();
      tell("failed", { error: "no_link", message: String(error) });
    }
  }
});
`;

/** For pages of any app: it holds nothing, and acts only with what the page gives it. */
export function sendEmbedScript(reply: FastifyReply) {
  return reply
    .headers({
      "content-type": "text/javascript; charset=utf-8",
      "cache-control": "public, max-age=3600",
      "cross-origin-resource-policy": "cross-origin",
    })
    .send(script);
}

/** Said to whoever opened the window, if it is one of these origins. */
export interface Report {
  readonly origins: readonly string[];
  readonly result: Readonly<Record<string, string>>;
}

const told = ["status", "provider", "connection_id", "error"];

/** What came of a flow, in codes: anybody can write an address, so nothing else of it is passed on. */
export function reportOf(query: Readonly<Record<string, unknown>>, origins: readonly string[]): Report | null {
  if (origins.length === 0 || typeof query.status !== "string") return null;
  const values = told.flatMap((name) => {
    const value = query[name];
    return typeof value === "string" && /^[\w-]{1,64}$/.test(value) ? [[name, value] as const] : [];
  });
  return { origins, result: Object.fromEntries(values) };
}

/** The browser hands it to an opener of that origin and to no other. */
export const reportScript = ({ origins, result }: Report): string =>
  `for (const origin of ${inScript(origins)}) window.opener?.postMessage(${inScript({ type: "evertoken-connect", result })}, origin);`;

/** So that no text ends the script that it stands in. */
const inScript = (value: unknown) => JSON.stringify(value).replaceAll("<", "\\u003c");
