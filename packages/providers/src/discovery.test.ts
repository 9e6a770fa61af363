import { describe, expect, it } from "vitest";
import { discoverEndpoints, metadataUrls, readMetadata } from "./discovery.ts";
import { defineProvider } from "./provider.ts";

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
      authorizeUrl: `${issuer}/authorize`,
      tokenUrl: `${issuer}/token`,
      revoke: { url: `${issuer}/revoke` },
      identity: { url: `${issuer}/me`, id: "sub" },
    });
    const stated = { ...acme, tokenUrl: "https://other.example/token" };
    expect(readMetadata(stated, answer(metadata))?.tokenUrl).toBe("https://other.example/token");
  });

  it.each<[string, unknown, number]>([
    ["another issuer", { ...metadata, issuer: "https://evil.example" }, 200],
    ["no token endpoint", { ...metadata, token_endpoint: undefined }, 200],
    ["a step down to http", { ...metadata, token_endpoint: "http://sso.example/token" }, 200],
    ["an error", metadata, 404],
    ["no object", "hello", 200],
  ])("does not believe %s", (_, body, status) => {
    expect(readMetadata(acme, answer(body, status))).toBeNull();
  });

  it("tries the second place, and names who did not answer", async () => {
    const settings = { providers: [{ provider: acme, registration: null, concurrency: null }], allowPrivateAddresses: false };
    const asked: string[] = [];
    const found = await discoverEndpoints(settings, async ({ url }) => {
      asked.push(url);
      return url.includes("openid") ? answer({}, 404) : answer(metadata);
    });
    expect(asked).toHaveLength(2);
    expect([found.faults, found.settings.providers[0]?.provider.tokenUrl]).toEqual([[], `${issuer}/token`]);
    const lost = await discoverEndpoints(settings, async () => ({
      kind: "failure",
      sent: false,
      code: "ENOTFOUND",
      status: null,
    }));
    expect(lost.faults).toEqual([expect.stringContaining("acme: issuer: ")]);
  });
});
