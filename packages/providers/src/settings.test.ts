import { describe, expect, it } from "vitest";
import { catalogue } from "./catalogue/index.ts";
import { createProviders } from "./registry.ts";
import { readProviderSettings } from "./settings.ts";

const noFile = () => {
  throw new Error("no file");
};

function read(env: Record<string, string>, readFile: (path: string) => string = noFile) {
  const { settings, faults } = readProviderSettings(env, readFile, catalogue);
  return { providers: createProviders(settings), settings, faults };
}

describe("provider settings", () => {
  it("nothing set is no fault", () => {
    const { providers, faults } = read({});
    expect(faults).toEqual([]);
    expect(providers.get("hubspot")).toMatchObject({ registration: null, configured: false, secretFingerprint: null });
    expect(providers.get("github-pat")?.configured).toBe(true);
    expect(providers.all()).toHaveLength(catalogue.length);
    expect(providers.get("nobody")).toBeUndefined();
  });

  it("reads a registration, from a file too", () => {
    const { providers, faults } = read(
      {
        HUBSPOT_CLIENT_ID: "h-id",
        HUBSPOT_CLIENT_SECRET: "h-secret",
        SPOTIFY_CLIENT_ID: "s-id",
        SPOTIFY_CLIENT_SECRET_FILE: "/run/s",
      },
      (path) => (path === "/run/s" ? "s-secret\n" : noFile()),
    );
    expect(faults).toEqual([]);
    expect(providers.get("hubspot")?.registration).toEqual({ clientId: "h-id", clientSecret: "h-secret" });
    expect(providers.get("spotify")?.registration).toEqual({ clientId: "s-id", clientSecret: "s-secret" });
  });

  it("says how Basic is written, where it is used", () => {
    const basic = read({ SPOTIFY_CLIENT_AUTH: "basic_plain" });
    expect([basic.faults, basic.providers.get("spotify")?.provider.clientAuth]).toEqual([[], "basic_plain"]);
    expect(read({ SPOTIFY_CLIENT_AUTH: "post" }).faults).toEqual(["SPOTIFY_CLIENT_AUTH: must be basic or basic_plain"]);
    expect(read({ HUBSPOT_CLIENT_AUTH: "basic" }).faults).toEqual(["HUBSPOT_CLIENT_AUTH: hubspot does not use Basic"]);
    const own = { EVERTOKEN_GENERIC_PROVIDERS: "acme", ACME_TOKEN_URL: "https://acme.example/token" };
    const acme = read({ ...own, ACME_CLIENT_AUTH: "basic_plain", ACME_EXPIRES_IN: "milliseconds" });
    expect(acme.faults).toEqual([]);
    expect(acme.providers.get("acme")?.provider).toMatchObject({
      clientAuth: "basic_plain",
      answer: { expiresIn: "milliseconds" },
    });
    for (const wrong of ["0x10", "1e3", "soon", "3600.5", "-1", "99999999999"]) {
      const { faults } = read({ ...own, ACME_LIFETIME_SECONDS: wrong });
      expect(faults).toEqual([expect.stringMatching(/^EVERTOKEN_GENERIC_PROVIDERS: acme: policy\.lifetimeSeconds: /)]);
    }
    expect(read({ ...own, ACME_EXPIRES_IN: "minutes" }).faults[0]).toContain("acme: answer.expiresIn: ");
  });

  it("lets products of one vendor share, and one of them differ", () => {
    const env = { GOOGLE_CLIENT_ID: "g", GOOGLE_CLIENT_SECRET: "gs", GMAIL_CLIENT_ID: "m", GMAIL_CLIENT_SECRET: "ms" };
    const { providers } = read(env);
    expect(providers.get("google-business-profile")?.registration?.clientId).toBe("g");
    expect(providers.get("gmail")?.registration?.clientId).toBe("m");
  });

  it("changes the fingerprint with the secret, and does not give it away", () => {
    const of = (secret: string) =>
      read({ X_CLIENT_ID: "x", X_CLIENT_SECRET: secret }).providers.get("x")?.secretFingerprint;
    expect(of("one")).toBe(of("one"));
    expect(of("one")).not.toBe(of("two"));
    expect(of("one")).toMatch(/^[0-9a-f]{12}$/);
  });

  it("lets endpoints and margins be overridden", () => {
    const { providers, faults } = read({
      EVERTOKEN_ALLOW_PRIVATE_ADDRESSES: "true",
      INSTAGRAM_TOKEN_URL: "http://127.0.0.1:9000/token",
      META_AUTHORIZE_URL: "https://proxy.example/authorize",
      META_MARGIN_SECONDS: "86400",
      GOOGLE_TOKEN_URL: "http://127.0.0.1:9000/google",
    });
    expect(faults).toEqual([]);
    const instagram = providers.get("instagram")?.provider;
    expect([instagram?.refresh.url, instagram?.longLived?.url]).toEqual(Array(2).fill("http://127.0.0.1:9000/token"));
    expect(providers.get("youtube")?.provider.refresh.url).toBe("http://127.0.0.1:9000/google");
    expect(providers.get("meta")?.policy.marginSeconds).toBe(86_400);
    expect(providers.get("meta")?.provider.authorizeUrl).toBe("https://proxy.example/authorize");
  });

  it("reports all faults together, by variable and without values", () => {
    const { faults } = read({
      HUBSPOT_CLIENT_ID: "h-id",
      SPOTIFY_CLIENT_SECRET: "s3cret",
      DISCORD_CLIENT_ID: "d",
      DISCORD_CLIENT_SECRET_FILE: "/nowhere",
      X_TOKEN_URL: "not a url",
      META_MARGIN_SECONDS: "-1",
      TWITCH_TOKEN_URL: "http://twitch.test/token",
      EVERTOKEN_ALLOW_PRIVATE_ADDRESSES: "maybe",
    });
    for (const name of [
      "HUBSPOT_CLIENT_SECRET",
      "SPOTIFY_CLIENT_ID",
      "DISCORD_CLIENT_SECRET_FILE",
      "X_TOKEN_URL",
      "META_MARGIN_SECONDS",
      "TWITCH_TOKEN_URL",
      "EVERTOKEN_ALLOW_PRIVATE_ADDRESSES",
    ]) {
      expect(faults.filter((fault) => fault.startsWith(`${name}: `))).not.toEqual([]);
    }
    expect(faults.join()).not.toContain("s3cret");
  });

  it("does not take an empty file for a secret", () => {
    const env = { X_CLIENT_ID: "x", X_CLIENT_SECRET_FILE: "/run/x" };
    expect(read(env, () => "\n").faults).toEqual([expect.stringContaining("X_CLIENT_SECRET_FILE: ")]);
    expect(read({ ...env, X_CLIENT_SECRET: "s" }, () => "f").faults).toEqual([
      expect.stringContaining("X_CLIENT_SECRET"),
    ]);
  });

  it("reports a shared variable once", () => {
    expect(read({ GOOGLE_CLIENT_ID: "g" }).faults).toEqual([expect.stringContaining("GOOGLE_CLIENT_SECRET: ")]);
  });

  it("takes a public client when told so", () => {
    const { providers, faults } = read({ X_CLIENT_ID: "native", X_PUBLIC_CLIENT: "true" });
    expect(faults).toEqual([]);
    expect(providers.get("x")?.registration).toEqual({ clientId: "native", clientSecret: null });
  });
});

describe("providers that are not in the box", () => {
  it("come from a file", () => {
    const definition = {
      id: "acme",
      name: "Acme",
      docs: "https://acme.example/docs",
      tokenUrl: "https://acme.example/token",
      policy: { lifetimeSeconds: 600 },
    };
    const env = { EVERTOKEN_PROVIDERS_FILE: "/etc/p.json", ACME_CLIENT_ID: "a", ACME_CLIENT_SECRET: "b" };
    const { providers, faults } = read(env, () =>
      JSON.stringify([definition, { ...definition, id: "bad", clientAuth: "x" }]),
    );
    expect(faults).toEqual([expect.stringMatching(/^EVERTOKEN_PROVIDERS_FILE: bad: clientAuth: /)]);
    expect(providers.get("acme")).toMatchObject({ configured: true, policy: { lifetimeSeconds: 600 } });
  });

  it("come from variables alone", () => {
    const { providers, faults } = read({
      EVERTOKEN_GENERIC_PROVIDERS: "intra-net",
      INTRA_NET_TOKEN_URL: "https://sso.example/token",
      INTRA_NET_AUTHORIZE_URL: "https://sso.example/authorize",
      INTRA_NET_SCOPES: "openid offline_access",
      INTRA_NET_CLIENT_ID: "a",
      INTRA_NET_CLIENT_SECRET: "b",
    });
    expect(faults).toEqual([]);
    const entry = providers.get("intra-net");
    expect(entry?.provider.scopes.map(({ scope }) => scope)).toEqual(["openid", "offline_access"]);
    expect(entry?.policy.rotation).toEqual({ kind: "single_use" });
  });

  it("say what they lack", () => {
    expect(read({ EVERTOKEN_GENERIC_PROVIDERS: "acme" }).faults).toEqual([expect.stringContaining("acme: tokenUrl: ")]);
    expect(read({ EVERTOKEN_PROVIDERS_FILE: "/nowhere" }).faults).toEqual([
      expect.stringContaining("EVERTOKEN_PROVIDERS_FILE"),
    ]);
  });
});
