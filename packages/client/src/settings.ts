import { EvertokenError } from "./contract/evertoken-error.ts";

/** The part of fetch that is needed, so that any will do. */
export type Fetch = (
  url: string,
  init: {
    method: string;
    headers: Record<string, string>;
    body?: string;
    redirect: "manual";
    signal: AbortSignal;
  },
) => Promise<{
  readonly status: number;
  readonly headers: { get(name: string): string | null };
  text(): Promise<string>;
}>;

export interface EvertokenOptions {
  /** Where the API is, such as `https://evertoken.internal.example`. */
  readonly url: string | undefined;
  /** An API key: `evk_...`. Its scopes are what this client can do. */
  readonly key: string | undefined;
  /** Default: the runtime's own. */
  readonly fetch?: Fetch;
  /** How long a call may take, retries included. Default 15 s. A refresh that takes longer goes on in the server. */
  readonly timeoutMs?: number;
  /** How many tokens are kept at most. Default 1000; 0: none. */
  readonly maxCachedTokens?: number;
  /** How old a kept token may be until the server is asked whether it still stands. Default 300. */
  readonly recheckSeconds?: number;
  /** Milliseconds since 1970, for tests. Default: `Date.now`. */
  readonly now?: () => number;
}

export interface Settings {
  readonly url: string;
  readonly key: string;
  readonly fetch: Fetch;
  readonly timeoutMs: number;
  readonly maxCachedTokens: number;
  readonly recheckMs: number;
  readonly now: () => number;
}

/** @throws {EvertokenError} that names every wrong option */
export function readOptions(asked: EvertokenOptions): Settings {
  const options = asked ?? { url: undefined, key: undefined };
  const { timeoutMs = 15_000, maxCachedTokens = 1000, recheckSeconds = 300, now = Date.now } = options;
  const url = readUrl(options.url);
  const key = typeof options.key === "string" ? options.key.trim() : "";
  const faults = [
    ...("fault" in url ? [`url: ${url.fault}`] : []),
    ...(/^[\x21-\x7e]+$/.test(key) ? [] : ["key: needs an API key of that server (evk_...)"]),
    ...(isFrom(1, timeoutMs) && timeoutMs <= longestMs ? [] : [`timeoutMs: needs a number from 1 to ${longestMs}`]),
    ...(isFrom(0, maxCachedTokens) ? [] : ["maxCachedTokens: needs a number that is not negative"]),
    ...(isFrom(0, recheckSeconds) ? [] : ["recheckSeconds: needs a number that is not negative"]),
    ...(["undefined", "function"].includes(typeof options.fetch) ? [] : ["fetch: needs a function"]),
    ...(typeof now === "function" ? [] : ["now: needs a function"]),
  ];
  if ("fault" in url || faults.length > 0) throw new EvertokenError("invalid_input", faults.join("; "));
  const given = options.fetch ?? (globalThis.fetch as Fetch | undefined);
  if (given === undefined) {
    throw new EvertokenError("unsupported_runtime", "this runtime has no fetch (Node has it from 18 on): pass one");
  }
  // Browsers and some edge runtimes want it called without an object before the dot.
  const fetch: Fetch = (address, init) => given(address, init);
  return { url: url.value, key, fetch, timeoutMs, maxCachedTokens, recheckMs: recheckSeconds * 1000, now };
}

/** What the timers of all runtimes can count to. */
const longestMs = 2 ** 31 - 1;

const isFrom = (least: number, value: unknown) => typeof value === "number" && value >= least;

const example = "such as https://evertoken.internal.example";

function readUrl(text: string | undefined): { value: string } | { fault: string } {
  let url: URL;
  try {
    url = new URL(text ?? "");
  } catch {
    return { fault: `needs the address of your Evertoken API, ${example}` };
  }
  if (url.protocol !== "https:" && url.protocol !== "http:") return { fault: `needs http or https, ${example}` };
  if (url.username !== "" || url.password !== "" || url.search !== "" || url.hash !== "") {
    return { fault: `has more than an address and a path; the key goes in "key", ${example}` };
  }
  return { value: `${url.origin}${url.pathname.replace(/\/*(v1\/*)?$/, "")}` };
}
