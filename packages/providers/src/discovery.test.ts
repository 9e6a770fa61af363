import { describe, expect, it } from "vitest";
import { discoverEndpoints, metadataUrls } from "./discovery.ts";
import { defineProvider } from "./provider.ts";
import { readMetadata } from "./read-metadata.ts";

const issuer = "https://sso.example/tenant";
const acme = defineProvider({
  id: "acme",
  name: "Acme",
  docs: "https://acme.example/docs",
  issuer,
  policy: { lifetimeSeconds: 3600 },
});
const metadata = {
  issuer,
  authorization_endpoint: `${issuer}/authorize`,
  token_endpoint: `${issuer}/token`,
  revocation_endpoint: `${issuer}/revoke`,
  userinfo_endpoint: `${issuer}/me`,
};
const answer = (body: unknown, status = 200) =>
  ({ kind: "response", status, headers: {}, body: new TextEncoder().encode(JSON.stringify(body)) }) as const;

describe("discovery", () => {
  it("looks in both well-known places", () => {
    expect(metadataUrls(`${issuer}/`)).toEqual([
      "https://sso.example/tenant/.well-known/openid-configuration",
      "https://sso.example/.well-known/oauth-authorization-server/tenant",
    ]);
  });

  it("fills in what the file does not state", () => {
    expect(readMetadata(acme, answer(metadata))).toMatchObject({
      kind: "read",
      provider: {
        authorizeUrl: `${issuer}/authorize`,
        tokenUrl: `${issuer}/token`,
        revoke: { url: `${issuer}/revoke` },
        identity: { url: `${issuer}/me`, id: "sub" },
      },
    });
    const stated = { ...acme, tokenUrl: "https://other.example/token" };
    expect(readMetadata(stated, answer(metadata))).toMatchObject({ provider: { tokenUrl: stated.tokenUrl } });
  });

  it.each<[string, unknown, string]>([
    ["not listed", undefined, "basic"],
    ["listed", ["private_key_jwt", "client_secret_basic", "client_secret_post"], "basic"],
    ["ruled out", ["client_secret_post"], "post"],
    ["unknown", ["private_key_jwt"], "basic"],
  ])("proves the client as stated when that is %s", (_, listed, clientAuth) => {
    const document = { ...metadata, token_endpoint_auth_methods_supported: listed };
    const stated = { ...acme, clientAuth: "basic" } as const;
    expect(readMetadata(stated, answer(document))).toMatchObject({ provider: { clientAuth } });
  });

  it("keeps to Basic without encoding, of which metadata says nothing", () => {
    const document = (listed: string[]) => ({ ...metadata, token_endpoint_auth_methods_supported: listed });
    const stated = { ...acme, clientAuth: "basic_plain" } as const;
    const read = (listed: string[]) => readMetadata(stated, answer(document(listed)));
    expect(read(["client_secret_basic"])).toMatchObject({ provider: { clientAuth: "basic_plain" } });
    expect(read(["client_secret_post"])).toMatchObject({ provider: { clientAuth: "post" } });
  });

  it.each<[string, unknown, number, string, string]>([
    ["another issuer", { ...metadata, issuer: "https://evil.example" }, 200, "refused", "names another issuer"],
    ["no token endpoint", { ...metadata, token_endpoint: undefined }, 200, "refused", "token_endpoint is missing"],
    ["no consent page", { ...metadata, authorization_endpoint: null }, 200, "refused", "authorization_endpoint is"],
    ["http", { ...metadata, token_endpoint: "http://sso.example/t" }, 200, "refused", "token_endpoint must be"],
    ["http to revoke", { ...metadata, revocation_endpoint: "http://sso.example/r" }, 200, "refused", "revocation_end"],
    ["no URL", { ...metadata, userinfo_endpoint: 5 }, 200, "refused", "userinfo_endpoint must be"],
    ["a 404", metadata, 404, "refused", "HTTP 404"],
    ["no object", "hello", 200, "refused", "no JSON object"],
    ["trouble", metadata, 503, "unreachable", "HTTP 503"],
  ])("does not believe %s", (_, body, status, kind, reason) => {
    expect(readMetadata(acme, answer(body, status))).toMatchObject({ kind, reason: expect.stringContaining(reason) });
  });

  it("tries the second place, and names who did not answer", async () => {
    const settings = {
      providers: [{ provider: acme, origin: "settings" as const, registration: null, concurrency: null }],
      allowPrivateAddresses: false,
    };
    const asked: string[] = [];
    const found = await discoverEndpoints(settings, async ({ url }) => {
      asked.push(url);
      return url.includes("openid") ? answer({}, 404) : answer(metadata);
    });
    expect(asked).toHaveLength(2);
    expect([found.waiting.size, found.settings.providers[0]?.provider.tokenUrl]).toEqual([0, `${issuer}/token`]);
    const lost = await discoverEndpoints(settings, async () => ({
      kind: "failure",
      sent: false,
      code: "ENOTFOUND",
      status: null,
    }));
    expect([...lost.waiting]).toEqual([["acme", "issuer: no answer (ENOTFOUND)"]]);
  });
});
