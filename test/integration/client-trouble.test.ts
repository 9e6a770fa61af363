import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { createEvertoken, type Evertoken } from "@evertoken/client";
import { beforeAll, expect, test } from "vitest";
import { closedPort } from "../support/closed-port.ts";
import { onFileEnd } from "../support/services.ts";
import { type Api, startApi } from "./api-harness.ts";
import { errorOf } from "./conformance.ts";

let api: Api;
beforeAll(async () => {
  api = await startApi();
});

const unknown = "0f6f5e0c-6d3c-4b51-9a53-5d8c0f3a2b11";

/** Every method, as the simplest call of it. */
const everyCall = (client: Evertoken): (() => Promise<unknown>)[] => [
  () => client.getAccessToken(unknown),
  () => client.withAccessToken(unknown, async () => 1),
  () => client.refresh(unknown),
  () => client.scheduleNow(unknown),
  () => client.scheduleNextRefresh({ userId: "u", provider: "acme" }),
  () => client.refreshAllExpiring(),
  () => client.tokenStatus(unknown),
  () => client.health("u"),
  () => client.sync(unknown),
  () => client.connect.authorize({ userId: "u", provider: "acme", returnUrl: "https://app.example" }),
  () => client.connect.complete({ state: "s", code: "c" }),
  () => client.connect.link({ userId: "u" }),
  () => client.connections.list(),
  () => client.connections.get(unknown),
  () => client.connections.import({ userId: "u", provider: "acme", accessToken: "canary-given" }),
  () => client.connections.disconnect(unknown),
  () => client.connections.log(unknown),
];

/** Each call fails with this code, and all of them together within so many seconds. */
async function expectAll(client: Evertoken, code: string, seconds: number) {
  const started = Date.now();
  const errors = await Promise.all(everyCall(client).map((call) => errorOf(call)));
  expect(errors.map((error) => error.code)).toEqual(Array(errors.length).fill(code));
  for (const { message } of errors) expect(message).not.toMatch(/canary|evk_/);
  expect(Date.now() - started).toBeLessThan(seconds * 1000);
  return errors[0]?.message;
}

async function listening(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onFileEnd(async () => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

test("a wrong key, and one that may do less", async () => {
  const wrong = createEvertoken({ url: api.url, key: `evk_${"x".repeat(43)}` });
  expect(await errorOf(() => wrong.connections.list())).toMatchObject({ code: "wrong_key", retryAt: null });
  const { key } = await api.makeKey("tokens:read");
  const reader = createEvertoken({ url: api.url, key });
  const { id } = await api.rig.connect();
  expect(await reader.getAccessToken(id)).toMatchObject({ generation: 1 });
  expect(await errorOf(() => reader.connections.get(id))).toMatchObject({
    ...{ code: "insufficient_key_scope", message: expect.stringContaining("connections:read") },
  });
});

test("nobody at the address", async () => {
  const url = `http://127.0.0.1:${await closedPort()}`;
  expect(await expectAll(createEvertoken({ url, key: "evk_k" }), "server_unavailable", 5)).toContain("ECONNREFUSED");
});

test("somebody who takes the request and says nothing", async () => {
  const url = await listening(createServer(() => {}));
  expect(await expectAll(createEvertoken({ url, key: "evk_k", timeoutMs: 500 }), "timed_out", 3)).toContain(url);
});

test("somebody else's web site", async () => {
  const url = await listening(
    createServer((_, reply) => reply.writeHead(200, { "content-type": "text/html" }).end("<p>Hi")),
  );
  expect(await expectAll(createEvertoken({ url, key: "evk_k" }), "wrong_address", 5)).toContain("not an Evertoken API");
});

test("a server without its database says so", async () => {
  const env = { DATABASE_URL: `postgresql://u:s3cret@127.0.0.1:${await closedPort()}/db` };
  const { port } = await api.rig.start("api", env);
  const client = createEvertoken({ url: `http://127.0.0.1:${port}`, key: api.adminKey });
  const error = await errorOf(() => client.getAccessToken(unknown));
  expect(error.code).toBe("store_unavailable");
  expect(error.message).not.toContain("s3cret");
});

test("while the server is away a kept token is served, and the next call after it came back works", async () => {
  const port = String(await closedPort());
  const server = await api.rig.start("api", { API_PORT: port });
  const client = createEvertoken({ url: `http://127.0.0.1:${port}`, key: api.adminKey, recheckSeconds: 0 });
  const { id, accessToken } = await api.rig.connect();
  await client.getAccessToken(id);
  await server.stop();
  expect(await client.getAccessToken(id)).toMatchObject({ accessToken });
  expect((await errorOf(() => client.tokenStatus(id))).code).toBe("server_unavailable");
  await api.rig.start("api", { API_PORT: port });
  expect(await client.tokenStatus(id)).toMatchObject({ token: "valid" });
});
