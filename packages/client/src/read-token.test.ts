import { inspect } from "node:util";
import { expect, test } from "vitest";
import { createEvertoken } from "./create-evertoken.ts";
import { oldestServer } from "./version.ts";

const id = "0f6f5e0c-6d3c-4b51-9a53-5d8c0f3a2b11";
const start = Date.UTC(2026, 10, 26);

interface Served {
  status?: number;
  refreshIn?: number | null;
  expiresIn?: number | null;
  generation?: number;
  warning?: object;
  connectionId?: string;
}

/** A server that answers as it is told, and a clock that stands still. */
function rig(options: { maxCachedTokens?: number; recheckSeconds?: number } = {}) {
  const state = { at: start, asked: [] as string[], serves: {} as Served, gate: Promise.resolve() };
  const client = createEvertoken({
    ...{ url: "https://evertoken.example", key: "evk_canary", now: () => state.at, ...options },
    async fetch(url, { method }) {
      state.asked.push(`${method} ${url.slice("https://evertoken.example".length)}`);
      await state.gate;
      const {
        status = 200,
        refreshIn = 1500,
        expiresIn = 1800,
        generation = 1,
        warning,
        connectionId = id,
      } = state.serves;
      const body = {
        ...{
          access_token: `canary-${generation}`,
          token_type: "Bearer",
          connection_id: connectionId,
          generation,
          scopes: [],
        },
        ...{ refresh_in: refreshIn, refresh_at: null, expires_in: expiresIn, expires_at: "2026-11-26T00:30:00.000Z" },
        ...(warning === undefined ? {} : { warning }),
        ...{ disconnected: true, warnings: [], id: connectionId },
      };
      const headers = { "content-type": "application/json", "evertoken-version": oldestServer };
      return status === 200 ? Response.json(body, { headers }) : new Response("away", { status });
    },
  });
  return {
    client,
    state,
    asked: () => state.asked.length,
    pass(seconds: number) {
      state.at += seconds * 1000;
    },
  };
}

test("a token is kept until its margin and not a moment longer", async () => {
  const { client, asked, pass } = rig({ recheckSeconds: 9999 });
  const token = await client.getAccessToken(id);
  expect(token).toMatchObject({ accessToken: "canary-1", expiresAt: new Date("2026-11-26T00:30:00Z") });
  expect(token).not.toHaveProperty("refreshIn");
  pass(1499);
  await client.getAccessToken(id);
  expect(asked()).toBe(1);
  pass(1);
  await client.getAccessToken(id);
  expect(asked()).toBe(2);
});

test("one that is due already, or came with a warning, is not kept", async () => {
  const { client, state, asked } = rig();
  state.serves = { refreshIn: 0 };
  await client.getAccessToken(id);
  state.serves = { warning: { code: "provider_unavailable", message: "" } };
  await client.getAccessToken(id);
  await client.getAccessToken(id);
  expect(asked()).toBe(3);
});

test("one that lives too short for a caller is asked for, and stays kept for others", async () => {
  const { client, state, asked } = rig();
  state.serves = { refreshIn: 100, expiresIn: 120 };
  await client.getAccessToken(id);
  await client.getAccessToken(id, { minTtlSeconds: 119 });
  expect(asked()).toBe(1);
  await client.getAccessToken(id, { minTtlSeconds: 120 });
  expect(state.asked.at(-1)).toBe(`GET /v1/connections/${id}/token?min_ttl=120`);
  await client.getAccessToken(id);
  expect(asked()).toBe(2);
});

test("after a while the server is asked whether a token still stands; while it is away the kept one is served", async () => {
  const { client, state, asked, pass } = rig({ recheckSeconds: 60 });
  await client.getAccessToken(id);
  pass(60);
  state.serves = { generation: 2 };
  expect(await client.getAccessToken(id)).toMatchObject({ generation: 2 });
  pass(60);
  state.serves = { status: 503 };
  expect(await client.getAccessToken(id)).toMatchObject({ generation: 2 });
  const before = asked();
  expect(await client.getAccessToken(id)).toMatchObject({ generation: 2 });
  expect(asked()).toBe(before);
  pass(1500);
  await expect(client.getAccessToken(id)).rejects.toMatchObject({ code: "server_unavailable" });
});

test("many who want the same at once share one request, and so do those whose token was refused", async () => {
  const { client, state, asked } = rig();
  let open = () => {};
  state.gate = new Promise((resolve) => {
    open = resolve;
  });
  const callers = Array.from({ length: 100 }, () => client.getAccessToken(id));
  open();
  await Promise.all(callers);
  expect(asked()).toBe(1);
  state.serves = { generation: 2 };
  const call = async ({ generation }: { generation: number }) => ({ status: generation === 1 ? 401 : 200 });
  const answers = await Promise.all(Array.from({ length: 100 }, () => client.withAccessToken(id, call)));
  expect(answers).toEqual(Array(100).fill({ status: 200 }));
  expect(state.asked.slice(1)).toEqual([`GET /v1/connections/${id}/token?refused_generation=1`]);
});

test("a failure is shared by those who wait, and not remembered", async () => {
  const { client, state, asked } = rig();
  state.serves = { status: 404 };
  const [one, other] = await Promise.allSettled([client.getAccessToken(id), client.getAccessToken(id)]);
  expect([one?.status, other?.status, asked()]).toEqual(["rejected", "rejected", 1]);
  state.serves = {};
  expect(await client.getAccessToken(id)).toMatchObject({ generation: 1 });
});

test("a refused token is dropped by every name that it is kept under", async () => {
  const { client, state } = rig();
  const mine = { userId: "ada", provider: "acme" };
  await client.getAccessToken(id);
  await client.getAccessToken(mine);
  state.serves = { generation: 2 };
  await client.getAccessToken(id, { refusedGeneration: 1 });
  expect(await client.getAccessToken(mine)).toMatchObject({ generation: 2 });
});

test("what was under way when a connection was disconnected is not kept", async () => {
  const { client, state, asked } = rig();
  let open = () => {};
  state.gate = new Promise((resolve) => {
    open = resolve;
  });
  const reading = client.getAccessToken(id);
  state.gate = Promise.resolve();
  await client.connections.disconnect(id);
  open();
  await reading;
  const before = asked();
  await client.getAccessToken(id);
  expect(asked()).toBe(before + 1);
});

test("memory is bounded: what was not used for longest makes room, and 0 keeps nothing", async () => {
  const { client, asked } = rig({ maxCachedTokens: 2 });
  const of = (userId: string) => client.getAccessToken({ userId, provider: "acme" });
  await of("a");
  await of("b");
  await of("a");
  await of("c");
  expect(asked()).toBe(3);
  await of("a");
  expect(asked()).toBe(3);
  await of("b");
  expect(asked()).toBe(4);
  const none = rig({ maxCachedTokens: 0 });
  await none.client.getAccessToken(id);
  await none.client.getAccessToken(id);
  expect(none.asked()).toBe(2);
});

test("neither a client nor its errors show a token or the key", async () => {
  const { client, state } = rig();
  await client.getAccessToken(id);
  state.serves = { status: 404 };
  const error = await client.connections.list().catch((reason) => reason);
  for (const value of [client, error]) expect(inspect(value, { depth: 10, showHidden: true })).not.toContain("canary");
});

test("a user's id may be anything but what an address cannot hold", async () => {
  const { client, state } = rig();
  await client.getAccessToken({ userId: "a/b c?#ü", provider: "acme" });
  expect(state.asked).toEqual(["GET /v1/users/a%2Fb%20c%3F%23%C3%BC/providers/acme/token"]);
  await expect(client.getAccessToken({ userId: "..", provider: "acme" })).rejects.toMatchObject({
    code: "invalid_input",
  });
});
