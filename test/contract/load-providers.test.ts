import { once } from "node:events";
import http from "node:http";
import type { AddressInfo } from "node:net";
import { createExchange, loadProviders } from "@evertoken/providers";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

/** What the issuer's well-known addresses answer, set by each test. */
let answer: (path: string, issuer: string) => { status?: number; body?: unknown; location?: string };
let asked: string[] = [];
let issuer = "";
let server: http.Server;
const exchange = createExchange({ allowPrivateAddresses: true, timeoutMs: 2000 });

beforeEach(async () => {
  asked = [];
  server = http.createServer((request, reply) => {
    const path = request.url ?? "";
    asked.push(path);
    const { status = 200, body = {}, location } = answer(path, issuer);
    reply.writeHead(status, location === undefined ? {} : { location });
    reply.end(typeof body === "string" ? body : JSON.stringify(body));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}/tenant`;
});
afterEach(() => {
  server.close();
  server.closeAllConnections();
});

const env = () => ({
  EVERTOKEN_ALLOW_PRIVATE_ADDRESSES: "true",
  EVERTOKEN_GENERIC_PROVIDERS: "acme",
  ACME_ISSUER: issuer,
  ACME_CLIENT_ID: "id",
  ACME_CLIENT_SECRET: "secret",
});
const noFile = () => {
  throw new Error("no file");
};
const load = (more: Record<string, string> = {}) => loadProviders({ ...env(), ...more }, noFile, exchange);
const metadata = (at: string) => ({
  issuer: at,
  authorization_endpoint: `${at}/authorize`,
  token_endpoint: `${at}/token`,
  revocation_endpoint: `${at}/revoke`,
});

describe("a generic provider whose endpoints are discovered", () => {
  it("is ready to use", async () => {
    answer = (_, at) => ({ body: metadata(at) });
    const { providers, faults, unreachable } = await load();
    expect([faults, unreachable, asked]).toEqual([[], [], ["/tenant/.well-known/openid-configuration"]]);
    expect(providers.get("acme")).toMatchObject({
      configured: true,
      provider: {
        tokenUrl: `${issuer}/token`,
        authorizeUrl: `${issuer}/authorize`,
        revoke: { url: `${issuer}/revoke` },
      },
    });
    expect(providers.get("hubspot")?.configured).toBe(false);
  });

  it("is found where RFC 8414 puts the document", async () => {
    answer = (path, at) => (path.startsWith("/.well-known/oauth") ? { body: metadata(at) } : { status: 404 });
    expect(await load()).toMatchObject({ faults: [], unreachable: [] });
    expect(asked).toEqual([
      "/tenant/.well-known/openid-configuration",
      "/.well-known/oauth-authorization-server/tenant",
    ]);
  });

  it.each<[string, (path: string, at: string) => ReturnType<typeof answer>, string]>([
    ["names another issuer", (_, at) => ({ body: metadata(`${at}/`) }), "its metadata names another issuer"],
    [
      "has no token endpoint",
      (_, at) => ({ body: { ...metadata(at), token_endpoint: undefined } }),
      "token_endpoint is missing",
    ],
    [
      "has no authorization endpoint",
      (_, at) => ({ body: { ...metadata(at), authorization_endpoint: "" } }),
      "authorization_endpoint must be a URL that starts with https://",
    ],
    [
      "leads elsewhere",
      () => ({ status: 302, location: "http://127.0.0.1:1/" }),
      "HTTP 302 at its well-known addresses",
    ],
    ["is not there", () => ({ status: 404 }), "HTTP 404 at its well-known addresses"],
    ["is a web page", () => ({ body: "<html>hello</html>" }), "its metadata is no JSON object"],
    ["is forbidden", () => ({ status: 403 }), "HTTP 403 at its well-known addresses"],
    ["is no JSON", () => ({ body: "{" }), "its metadata is no JSON object"],
  ])("waits alone when the document %s", async (_, wrong, reason) => {
    answer = wrong;
    const { providers, faults, unreachable } = await load({ HUBSPOT_CLIENT_ID: "i", HUBSPOT_CLIENT_SECRET: "s" });
    expect([faults, unreachable]).toEqual([[], [`acme: issuer: ${reason}`]]);
    expect([...providers.waiting()]).toEqual([["acme", `issuer: ${reason}`]]);
    expect(providers.get("acme")).toMatchObject({ configured: false, provider: { tokenUrl: null } });
    expect(providers.get("hubspot")?.configured).toBe(true);
  });

  it("is refused over http, and nobody is asked", async () => {
    answer = (_, at) => ({ body: metadata(at) });
    const { faults } = await load({ EVERTOKEN_ALLOW_PRIVATE_ADDRESSES: "false" });
    expect(faults).toEqual([expect.stringMatching(/^ACME_ISSUER: must be https/)]);
    expect(asked).toEqual([]);
  });

  it("waits for an issuer that is away, which is no fault of the settings", async () => {
    answer = () => ({ status: 503 });
    expect(await load()).toMatchObject({ faults: [], unreachable: ["acme: issuer: HTTP 503"] });
    server.close();
    server.closeAllConnections();
    expect(await load()).toMatchObject({ faults: [], unreachable: [expect.stringContaining("no answer (ECONN")] });
  });

  it("keeps what the operator states", async () => {
    answer = (_, at) => ({ body: { ...metadata(at), token_endpoint: undefined } });
    const { providers, faults } = await load({ ACME_TOKEN_URL: "http://127.0.0.1:9/mine" });
    expect(faults).toEqual([]);
    expect(providers.get("acme")?.provider.tokenUrl).toBe("http://127.0.0.1:9/mine");
  });

  it("nobody is asked without an issuer", async () => {
    await loadProviders({ HUBSPOT_CLIENT_ID: "i", HUBSPOT_CLIENT_SECRET: "s" }, noFile, exchange);
    expect(asked).toEqual([]);
  });
});
