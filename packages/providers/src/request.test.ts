import { describe, expect, it } from "vitest";
import { authorizeUrl } from "./authorize-url.ts";
import { changesByEncoding } from "./http-request.ts";
import { defineProvider, type ProviderInput } from "./provider.ts";
import { codeRequest, longLivedRequest, refreshRequest, revokeRequest, sentSecrets } from "./request.ts";

const registration = { clientId: "id:1", clientSecret: "s%cr t/é" };
const tokens = { accessToken: "a-1", refreshToken: "r+1&x" };
const connection = { metadata: {}, scopes: ["read", "write"] };

function acme(input: Partial<ProviderInput> = {}) {
  return defineProvider({
    id: "acme",
    name: "Acme",
    docs: "https://acme.example/docs",
    authorizeUrl: "https://acme.example/authorize",
    tokenUrl: "https://acme.example/token",
    policy: { lifetimeSeconds: 3600 },
    ...input,
  });
}

const refresh = (input: Partial<ProviderInput> = {}, secret: string | null = registration.clientSecret) =>
  refreshRequest(acme(input), { registration: { ...registration, clientSecret: secret }, connection, tokens });

describe("the refresh request", () => {
  it("posts a form with the client's credentials", () => {
    const request = refresh();
    expect(request.method).toBe("POST");
    expect(request.url).toBe("https://acme.example/token");
    expect(request.headers["content-type"]).toBe("application/x-www-form-urlencoded");
    expect(Object.fromEntries(new URLSearchParams(request.body ?? ""))).toEqual({
      grant_type: "refresh_token",
      refresh_token: "r+1&x",
      client_id: "id:1",
      client_secret: "s%cr t/é",
    });
  });

  it("form-encodes both halves of Basic credentials (RFC 6749 section 2.3.1)", () => {
    const request = refresh({ clientAuth: "basic" });
    const [scheme, encoded = ""] = (request.headers.authorization ?? "").split(" ");
    expect(scheme).toBe("Basic");
    expect(Buffer.from(encoded, "base64").toString()).toBe("id%3A1:s%25cr+t%2F%C3%A9");
    expect(request.body).not.toContain("client");
  });

  it("does not encode Basic for servers that do not decode it", () => {
    const request = refresh({ clientAuth: "basic_plain" });
    const encoded = (request.headers.authorization ?? "").split(" ")[1] ?? "";
    expect(Buffer.from(encoded, "base64").toString()).toBe("id:1:s%cr t/é");
    expect(request.body).not.toContain("client");
    expect(new URLSearchParams(refresh({ clientAuth: "basic_plain" }, null).body ?? "").get("client_id")).toBe("id:1");
    expect(changesByEncoding({ clientId: "id", clientSecret: "s+c" })).toBe(true);
    expect(changesByEncoding({ clientId: "i:d", clientSecret: null })).toBe(true);
    expect(changesByEncoding({ clientId: "Ab-9_.*", clientSecret: "0aZ" })).toBe(false);
  });

  it("names a public client in the body", () => {
    const request = refresh({ clientAuth: "basic" }, null);
    expect(request.headers.authorization).toBeUndefined();
    expect(new URLSearchParams(request.body ?? "").get("client_id")).toBe("id:1");
  });

  it("sends JSON, a bearer secret, or no credentials where the provider wants that", () => {
    expect(JSON.parse(refresh({ encoding: "json" }).body ?? "")).toMatchObject({ refresh_token: "r+1&x" });
    expect(refresh({ clientAuth: "bearer" }).headers.authorization).toBe("Bearer s%cr t/é");
    expect(refresh({ clientAuth: "none" }).body).toBe("grant_type=refresh_token&refresh_token=r%2B1%26x");
  });

  it("renames parameters, adds some and leaves grant_type out", () => {
    const request = refresh({
      clientIdParameter: "client_key",
      encoding: "query",
      headers: { "notion-version": "2022-06-28" },
      refresh: { grantType: null, tokenParameter: "token", parameters: { expiring: "1" }, sendScopes: true },
      tokenUrl: "https://acme.example/token?v=2",
    });
    expect(request.method).toBe("GET");
    expect(request.body).toBeNull();
    expect(request.headers["notion-version"]).toBe("2022-06-28");
    const url = new URL(request.url);
    expect(url.pathname).toBe("/token");
    expect(Object.fromEntries(url.searchParams)).toEqual({
      v: "2",
      token: "r+1&x",
      scope: "read write",
      expiring: "1",
      client_key: "id:1",
      client_secret: "s%cr t/é",
    });
  });

  it("uses a refresh endpoint of its own and spends the access token where that is spent", () => {
    const request = refresh({
      refresh: { url: "https://acme.example/refresh", tokenParameter: "access_token" },
      policy: { lifetimeSeconds: 3600, spends: "access_token" },
    });
    expect(request.url).toBe("https://acme.example/refresh");
    expect(request.body).toContain("access_token=a-1");
    expect(request.body).not.toContain("r%2B1");
  });

  it("does not invent a token", () => {
    const none = { registration, connection, tokens: { accessToken: "a-1", refreshToken: null } };
    expect(() => refreshRequest(acme(), none)).toThrow(TypeError);
    const eternal = acme({ policy: { lifetimeSeconds: null, spends: "nothing" } });
    expect(() => refreshRequest(eternal, { registration, connection, tokens })).toThrow(TypeError);
  });
});

describe("endpoints that differ per customer", () => {
  const shop = {
    tokenUrl: "https://{shop}.acme.example/token",
    placeholders: { shop: { pattern: "[a-z0-9-]+", example: "blue" } },
  };
  const ask = (metadata: Record<string, string>) =>
    refreshRequest(acme(shop), { registration, connection: { metadata, scopes: [] }, tokens });

  it("are filled from the connection", () => {
    expect(ask({ shop: "blue-1" }).url).toBe("https://blue-1.acme.example/token");
  });

  it.each(["", "evil.example/x?", "a.b", "a\nb", "a@evil.example#", "blue-1\n"])("refuse %j", (value) => {
    expect(() => ask({ shop: value })).toThrow(expect.objectContaining({ code: "ERR_ENDPOINT" }));
  });

  it("refuse a missing value, and never repeat one", () => {
    expect(() => ask({})).toThrow("metadata.shop: needed by acme");
    expect(() => ask({ shop: "evil.example" })).not.toThrow(/evil/);
  });
});

describe("the other requests", () => {
  it("exchange a code with its PKCE verifier", () => {
    const request = codeRequest(acme(), {
      registration,
      code: "c-1",
      redirectUri: "https://app/cb",
      codeVerifier: "v-1",
    });
    expect(Object.fromEntries(new URLSearchParams(request.body ?? ""))).toMatchObject({
      grant_type: "authorization_code",
      code: "c-1",
      redirect_uri: "https://app/cb",
      code_verifier: "v-1",
    });
  });

  it("swap short-lived tokens only where there is such a grant", () => {
    const input = { registration, connection, tokens };
    expect(longLivedRequest(acme(), input)).toBeNull();
    expect(longLivedRequest(acme({ longLived: { grantType: "long" } }), input)?.body).toContain("access_token=a-1");
  });

  it("revoke by parameter, by path, or as bearer", () => {
    const ask = (revoke: ProviderInput["revoke"]) =>
      revokeRequest(acme({ revoke }), { registration, connection, tokens });
    expect(ask(null)).toBeNull();
    expect(ask({ url: "https://acme.example/revoke" })?.body).toContain("token=r%2B1%26x");
    const byPath = ask({
      url: "https://acme.example/t/{token}",
      method: "DELETE",
      tokenParameter: null,
      encoding: "query",
      clientAuth: "none",
    });
    expect(byPath).toMatchObject({ method: "DELETE", url: "https://acme.example/t/r%2B1%26x" });
    const bearer = ask({
      url: "https://acme.example/me",
      method: "DELETE",
      token: "access_token",
      tokenAs: "bearer",
      encoding: "query",
      clientAuth: "none",
    });
    expect(bearer?.headers.authorization).toBe("Bearer a-1");
    expect(bearer?.url).toBe("https://acme.example/me");
  });

  it("authorize with state, scopes, PKCE and what the provider wants on top", () => {
    const provider = acme({
      pkce: "supported",
      scopes: [
        { scope: "a", why: "x" },
        { scope: "b", why: "y" },
      ],
      scopeSeparator: ",",
      authorizeParameters: { access_type: "offline" },
    });
    const url = new URL(
      authorizeUrl(provider, { registration, redirectUri: "https://app/cb", state: "st", codeChallenge: "ch" }),
    );
    expect(Object.fromEntries(url.searchParams)).toEqual({
      response_type: "code",
      client_id: "id:1",
      redirect_uri: "https://app/cb",
      scope: "a,b",
      state: "st",
      code_challenge: "ch",
      code_challenge_method: "S256",
      access_type: "offline",
    });
    expect(url.href).not.toContain("s%25cr");
  });

  it("name what must not show up in a reason", () => {
    expect(sentSecrets({ registration, tokens })).toEqual(["s%cr t/é", "r+1&x", "a-1", "id:1"]);
  });
});
