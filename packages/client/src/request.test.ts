import { expect, test } from "vitest";
import type { Evertoken } from "./contract/evertoken.ts";
import type { EvertokenError } from "./contract/evertoken-error.ts";
import { createEvertoken } from "./create-evertoken.ts";
import type { Fetch } from "./settings.ts";
import { oldestServer } from "./version.ts";

const id = "0f6f5e0c-6d3c-4b51-9a53-5d8c0f3a2b11";
const url = "https://evertoken.example";
const ours = { "content-type": "application/json", "evertoken-version": oldestServer };
const json = (body: object, status = 200, headers: Record<string, string> = {}) =>
  new Response(JSON.stringify(body), { status, headers: { ...ours, ...headers } });
const problem = (code: string, status: number, more: object = {}, headers: Record<string, string> = {}) =>
  json({ type: `urn:evertoken:problem:${code}`, code, title: "A title", status, ...more }, status, headers);

/** Answers one after the other, the last one for ever. */
function clientOf(...answers: (() => Response | Promise<Response>)[]) {
  const asked: Parameters<Fetch>[] = [];
  const client = createEvertoken({
    ...{ url, key: "evk_key" },
    fetch: async (...args) => {
      asked.push(args);
      const next = answers.length > 1 ? answers.shift() : answers[0];
      if (next === undefined) throw new Error("no answer");
      return next();
    },
  });
  return { client, asked };
}

const errorOf = (call: Promise<unknown>): Promise<EvertokenError> =>
  call.then(
    () => null,
    (error) => error,
  ) as never;

const html =
  (status: number, headers = {}) =>
  () =>
    new Response("<!doctype html><h1>Hello</h1>", { status, headers: { "content-type": "text/html", ...headers } });
const { "evertoken-version": _, ...unsigned } = ours;

test.each<[string, () => Response, string, string]>([
  ["a key that the server does not know", () => problem("wrong_key", 401), "wrong_key", "evertoken keys"],
  ["no key, as a proxy took it off", () => problem("no_key", 401), "wrong_key", "evertoken keys"],
  [
    "a key that may not do it",
    () => problem("insufficient_key_scope", 403, { detail: "it needs admin" }),
    "insufficient_key_scope",
    "admin",
  ],
  ["another web site", html(200), "wrong_address", url],
  ["a page that is not there", html(404), "wrong_address", "404"],
  ["a redirect", html(301, { location: "https://www.example" }), "wrong_address", "leads elsewhere"],
  [
    "another API",
    () => new Response("{}", { status: 404, headers: unsigned }),
    "wrong_address",
    "not an Evertoken API",
  ],
  ["an API without that endpoint", () => problem("route_not_found", 404), "wrong_address", "no such endpoint"],
  [
    "an old server that says its version",
    () => json({ data: [] }, 200, { "evertoken-version": "0.0.9" }),
    "server_too_old",
    "is 0.0.9",
  ],
  [
    "an old server that says none",
    () => new Response('{"data":[]}', { headers: unsigned }),
    "server_too_old",
    `${oldestServer} or newer`,
  ],
  [
    "an old server's error",
    () => new Response('{"type":"urn:evertoken:problem:held"}', { status: 503, headers: unsigned }),
    "server_too_old",
    "update the server",
  ],
  [
    "a code of a newer server",
    () => problem("brand_new", 409, { detail: "why" }),
    "unexpected_answer",
    'says "brand_new" (why)',
  ],
  ["an answer that broke off", () => new Response('{"data":[', { headers: ours }), "unexpected_answer", "answered 200"],
  ["an answer without what belongs there", () => json({}), "unexpected_answer", "answered 200"],
  ["a fault of the server", () => problem("internal_error", 500), "internal_error", "its log"],
  [
    "a body that it does not like",
    () => problem("invalid_request", 400, { detail: "user_id: is missing; expires_at: no" }),
    "invalid_input",
    "userId: is missing; expiresAt: no",
  ],
  [
    "fields that have another name here",
    () => problem("invalid_request", 400, { detail: "min_ttl: too big; within: no; cursor: no" }),
    "invalid_input",
    "minTtlSeconds: too big; withinMs: no; after: no",
  ],
])("%s: a code, and what to do", async (_case, answer, code, text) => {
  const { client, asked } = clientOf(answer);
  const error = await errorOf(client.connections.list());
  expect({ name: error.name, code: error.code, message: error.message }).toEqual({
    ...{ name: "EvertokenError", code, message: expect.stringContaining(text) },
  });
  expect(asked).toHaveLength(1);
});

test("an error has all that the problem says", async () => {
  const more = {
    reconnect_url: "https://app.example/again",
    consent_helps: true,
    retry_at: "2026-11-26T12:00:00.000Z",
  };
  const { client } = clientOf(() => problem("refresh_token_expired", 409, { detail: "reconnect", ...more }));
  expect(await errorOf(client.getAccessToken(id))).toMatchObject({
    ...{ code: "refresh_token_expired", message: "reconnect", reconnectUrl: "https://app.example/again" },
    ...{ consentHelps: true, retryAt: new Date("2026-11-26T12:00:00Z") },
  });
});

const cut = () => Promise.reject(Object.assign(new TypeError("fetch failed"), { cause: { code: "ECONNRESET" } }));
const list = () => json({ data: [] });

test.each<[string, () => Response | Promise<Response>]>([
  ["a connection that broke", cut],
  ["a proxy without a server", html(502)],
  ["a server that is about to end", () => problem("closing", 503)],
  ["a database that is away for a moment", () => problem("store_unavailable", 503)],
])("%s: a read is sent again, what may have acted is not", async (_case, trouble) => {
  const read = clientOf(trouble, trouble, list);
  expect(await read.client.connections.list()).toEqual([]);
  expect(read.asked).toHaveLength(3);
  const acts: ((client: Evertoken) => Promise<unknown>)[] = [
    (client) => client.connections.import({ userId: "u", provider: "acme" }),
    (client) => client.connections.disconnect(id),
    (client) => client.refresh(id),
    (client) => client.refreshAllExpiring(),
  ];
  for (const act of acts) {
    const { client, asked } = clientOf(trouble);
    await expect(act(client)).rejects.toMatchObject({ name: "EvertokenError" });
    expect(asked).toHaveLength(1);
  }
});

test("a refresh that names the generation it has seen may be sent again", async () => {
  const token = () => json({ access_token: "a", connection_id: id, generation: 2, expires_in: 60, refresh_in: 30 });
  const { client, asked } = clientOf(cut, () => json({ generation: 2, warning: null }), token);
  expect(await client.refresh(id, { generation: 1 })).toMatchObject({ generation: 2 });
  expect(asked.map(([, { method }]) => method)).toEqual(["POST", "POST", "GET"]);
});

test("three times is enough", async () => {
  const { client, asked } = clientOf(cut);
  const error = await errorOf(client.connections.list());
  expect(error).toMatchObject({ code: "server_unavailable", message: expect.stringContaining("ECONNRESET") });
  expect(asked).toHaveLength(3);
});

test("a limit is waited for, whatever is asked, if that is soon; else its end is told", async () => {
  const limit = (seconds: string) => () => problem("too_many_requests", 429, {}, { "retry-after": seconds });
  const soon = clientOf(limit("0"), () => json({ disconnected: true }));
  expect(await soon.client.connections.disconnect(id)).toBe(true);
  const at = "2099-01-01T00:00:00.000Z";
  const later = clientOf(() => problem("too_many_requests", 429, { retry_at: at }, { "retry-after": "3600" }));
  expect(await errorOf(later.client.connections.list())).toMatchObject({
    code: "too_many_requests",
    retryAt: new Date(at),
  });
  expect(later.asked).toHaveLength(1);
});

test("what the provider asked us to wait for is not hammered", async () => {
  const { client, asked } = clientOf(() => problem("rate_limited", 503, {}, { "retry-after": "0" }));
  expect((await errorOf(client.getAccessToken(id))).code).toBe("rate_limited");
  expect(asked).toHaveLength(1);
});

test("a server that does not answer is given up in time", async () => {
  const client = createEvertoken({
    ...{ url, key: "evk_key", timeoutMs: 50 },
    fetch: (_url, { signal }) =>
      new Promise((_resolve, reject) => signal.addEventListener("abort", () => reject(signal.reason))),
  });
  expect(await errorOf(client.connections.list())).toMatchObject({
    code: "timed_out",
    message: expect.stringContaining(url),
  });
});

test("a proxy's path and a slash at the end are kept and taken off; the key is trimmed", async () => {
  for (const given of [
    "https://host.example/evertoken",
    "https://host.example/evertoken/",
    "https://host.example/evertoken/v1/",
  ]) {
    const asked: Parameters<Fetch>[] = [];
    const fetch: Fetch = async (...args) => {
      asked.push(args);
      return list();
    };
    await createEvertoken({ url: given, key: " evk_key\n", fetch }).connections.list();
    expect(asked[0]?.[0]).toBe("https://host.example/evertoken/v1/connections?limit=100");
    expect(asked[0]?.[1].headers).toMatchObject({ authorization: "Bearer evk_key" });
  }
});

test.each([
  [{ url: undefined, key: undefined }, /^url: .*; key: /],
  [{ url: "evertoken.example", key: "evk_key" }, /^url: /],
  [{ url: "ftp://evertoken.example", key: "evk_key" }, /^url: needs http/],
  [{ url: "https://user:canary@evertoken.example", key: "evk_key" }, /^url: has more/],
  [{ url, key: "canary\nkey" }, /^key: /],
  [
    { url, key: "evk_key", timeoutMs: Number.NaN, maxCachedTokens: -1, recheckSeconds: -1 },
    /^timeoutMs: .*maxCachedTokens: .*recheckSeconds: /,
  ],
  // As JavaScript, or a setting that was read as text, has them.
  ...[Number.POSITIVE_INFINITY, 2 ** 31, "5000", null].map((timeoutMs): [never, RegExp] => [
    { url, key: "evk_key", timeoutMs } as never,
    /^timeoutMs: needs a number from 1 to 2147483647$/,
  ]),
  [{ url, key: 42, fetch: "fetch" } as never, /^key: .*; fetch: needs a function$/],
  [undefined as never, /^url: .*; key: /],
  [null as never, /^url: .*; key: /],
  [{ url, key: "evk_key", now: 5 } as never, /^now: needs a function$/],
])("%j is refused by the names of what is wrong", (options, message) => {
  let error: unknown;
  try {
    createEvertoken(options);
  } catch (reason) {
    error = reason;
  }
  expect(error).toMatchObject({ code: "invalid_input", message: expect.stringMatching(message) });
  expect(String(error)).not.toContain("canary");
});

test("a number that JSON does not have is the server's to refuse, and never null, which means something", async () => {
  const { client, asked } = clientOf(() => problem("invalid_request", 400, { detail: "within: needs a number" }));
  const error = await errorOf(client.refreshAllExpiring({ withinMs: Number.NaN }));
  expect(asked[0]?.[1].body).toBe('{"within":"NaN"}');
  expect(error).toMatchObject({ code: "invalid_input", message: "withinMs: needs a number" });
  const target = { userId: "u", provider: "acme", accessToken: "token" };
  await errorOf(client.connections.import({ ...target, expiresIn: Number.POSITIVE_INFINITY }));
  expect(JSON.parse(String(asked[1]?.[1].body))).toMatchObject({ expires_in: "Infinity" });
});

test.each<[string, (client: Evertoken) => Promise<unknown>]>([
  ["no user", (client) => client.health(undefined as never)],
  ["an empty user", (client) => client.connect.endSessions("")],
  ["half a character", (client) => client.getAccessToken({ userId: "\ud800", provider: "acme" })],
  ["an object where an id is wanted", (client) => client.sync({ userId: "u", provider: "acme" } as never)],
  ["an object to disconnect", (client) => client.connections.disconnect({ userId: "u", provider: "acme" } as never)],
])("%s is refused before anybody is asked", async (_case, call) => {
  const { client, asked } = clientOf(() => json({}));
  expect(await errorOf(call(client))).toMatchObject({ name: "EvertokenError", code: "invalid_input" });
  expect(asked).toEqual([]);
});
