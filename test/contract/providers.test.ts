import type { Outcome, RawAnswer } from "@evertoken/core";
import {
  authorizeUrl,
  catalogue,
  classify,
  type Provider,
  refreshRequest,
  type Sample,
  sentSecrets,
} from "@evertoken/providers";
import { describe, expect, it } from "vitest";

const now = new Date("2026-11-20T12:00:00Z");
const registration = { clientId: "client-id-0001", clientSecret: "client-secret-0001" };
const tokens = { accessToken: "access-token-0001", refreshToken: "refresh-token-0001" };

function judge(provider: Provider, { status, headers, body }: Sample, secrets: readonly string[] = []): Outcome {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  return classify(provider, { kind: "response", status, headers, body: new TextEncoder().encode(text) }, now, secrets);
}

function refresh(provider: Provider) {
  return refreshRequest(provider, { registration, connection: { metadata: example(provider), scopes: [] }, tokens });
}

function example({ placeholders }: Provider): Record<string, string> {
  return Object.fromEntries(Object.entries(placeholders).map(([name, { example }]) => [name, example]));
}

const refreshed = catalogue.filter(({ policy }) => policy.spends !== "nothing");
const connected = catalogue.filter(({ authorizeUrl }) => authorizeUrl !== null);

it("the box holds what the README promises", () => {
  expect(catalogue.map(({ id }) => id)).toEqual(
    expect.arrayContaining([
      "hubspot",
      "google-business-profile",
      "youtube",
      "gmail",
      "google-calendar",
      "spotify",
      "discord",
    ]),
  );
  expect(catalogue.map(({ id }) => id)).toEqual(
    expect.arrayContaining([
      "meta",
      "instagram",
      "github-pat",
      "github-oauth-app",
      "github-app",
      "x",
      "linkedin",
      "reddit",
      "twitch",
    ]),
  );
});

describe.each(catalogue.map((provider) => [provider.id, provider] as const))("%s", (_, provider) => {
  it("talks https to fixed hosts", () => {
    const urls = [
      provider.authorizeUrl,
      provider.tokenUrl,
      provider.refresh.url,
      provider.revoke?.url,
      provider.identity?.url,
    ];
    for (const url of urls) if (typeof url === "string") expect(url).toMatch(/^https:\/\//);
    expect(provider.docs).toMatch(/^https:\/\//);
  });

  it("asks for each scope once, and says why", () => {
    const scopes = provider.scopes.map(({ scope }) => scope);
    expect(new Set(scopes).size).toBe(scopes.length);
  });

  it("refreshes before a token ends, and not for most of its life", () => {
    const { lifetimeSeconds, marginSeconds, minimumAgeSeconds } = provider.policy;
    if (lifetimeSeconds === null) return;
    const margin = marginSeconds ?? 300;
    expect(margin).toBeLessThanOrEqual(lifetimeSeconds / 5);
    expect(minimumAgeSeconds).toBeLessThan(lifetimeSeconds - margin);
  });

  it.each(provider.samples.map((sample) => [sample.judged, sample.name, sample] as const))(
    "judges %s: %s",
    (kind, _, sample) => {
      const outcome = judge(provider, sample);
      expect(outcome.kind).toBe(kind);
      const known = outcome.kind === "granted" ? outcome.tokens : outcome;
      expect(known).toMatchObject(sample.expect);
    },
  );

  it("keeps what it sent out of every reason", () => {
    const secrets = sentSecrets({ registration, tokens });
    for (const sample of provider.samples) {
      const outcome = judge(provider, { ...sample, body: echo(sample.body, secrets.join(" ")) }, secrets);
      for (const secret of secrets) expect(JSON.stringify({ ...outcome, tokens: null })).not.toContain(secret);
    }
  });

  it("never calls a grant dead because a server is down, busy or gone", () => {
    for (const sample of provider.samples.filter(({ judged }) => judged === "denied")) {
      for (const status of [408, 425, 429, 500, 502, 503, 504, 521]) {
        expect(judge(provider, { ...sample, status }).kind).toMatch(/^(throttled|transient)$/);
      }
    }
    for (const status of [null, 200, 400, 401, 503]) {
      for (const sent of [true, false]) {
        const failure: RawAnswer = { kind: "failure", sent, code: "ECONNRESET", status };
        expect(classify(provider, failure, now).kind).toMatch(/^(unsent|uncertain|transient)$/);
      }
    }
  });

  it("takes 429 for a limit, whatever comes with it", () => {
    for (const body of ["", "<html></html>", "Retry later", { error: "invalid_grant" }]) {
      const sample = {
        name: "",
        judged: "throttled",
        status: 429,
        headers: { "retry-after": "3" },
        body,
        expect: {},
      } as const;
      expect(judge(provider, sample)).toMatchObject({ kind: "throttled", retryAfterMs: 3000 });
    }
  });
});

describe.each(refreshed.map((provider) => [provider.id, provider] as const))("%s is refreshed:", (_, provider) => {
  it.each(["granted", "denied", "misconfigured", "throttled", "transient"])(
    "its file shows what %s looks like",
    (kind) => {
      const shown = [...provider.samples.map(({ judged }) => judged), ...provider.undocumented];
      expect(shown).toContain(kind);
    },
  );

  it("one request, with the token that is spent and no other", () => {
    const request = refresh(provider);
    const wire = decodeURIComponent(`${request.url} ${request.body} ${JSON.stringify(request.headers)}`);
    const [spent, kept] =
      provider.policy.spends === "access_token"
        ? [tokens.accessToken, tokens.refreshToken]
        : [tokens.refreshToken, tokens.accessToken];
    expect(wire).toContain(spent);
    expect(wire).not.toContain(kept);
    expect(request.method).toBe(request.body === null ? "GET" : "POST");
    expect(request.headers.accept).toBe("application/json");
  });

  it("a rotating one replaces its refresh token", () => {
    if (provider.policy.rotation.kind === "none") return;
    const outcomes = provider.samples.map((sample) => judge(provider, sample));
    const replaced = outcomes.some((outcome) => outcome.kind === "granted" && outcome.tokens.refreshToken !== null);
    expect(replaced).toBe(true);
  });

  it("an answer without a refresh token keeps the stored one", () => {
    for (const refresh_token of [undefined, null, ""]) {
      const sample = {
        name: "",
        judged: "granted",
        status: 200,
        headers: {},
        body: { access_token: "t", refresh_token },
        expect: {},
      } as const;
      expect(judge(provider, sample)).toMatchObject({ kind: "granted", tokens: { refreshToken: null } });
    }
  });
});

describe.each(connected.map((provider) => [provider.id, provider] as const))("%s is connected:", (_, provider) => {
  it("with state, redirect, scopes, PKCE and offline access in the URL", () => {
    const url = new URL(
      authorizeUrl(provider, {
        registration,
        redirectUri: "https://app.example/cb",
        state: "st-1",
        codeChallenge: "ch-1",
        metadata: example(provider),
      }),
    );
    expect(url.searchParams.get(provider.clientIdParameter)).toBe(registration.clientId);
    expect(url.searchParams.get("redirect_uri")).toBe("https://app.example/cb");
    expect(url.searchParams.get("state")).toBe("st-1");
    expect(url.searchParams.get("response_type")).toBe("code");
    for (const { scope } of provider.scopes) expect(url.searchParams.get("scope")).toContain(scope);
    for (const [name, value] of Object.entries(provider.authorizeParameters))
      expect(url.searchParams.get(name)).toBe(value);
    expect(url.searchParams.get("code_challenge")).toBe(provider.pkce === "no" ? null : "ch-1");
    expect(url.href).not.toContain(registration.clientSecret);
  });
});

describe("refresh requests are as documented", () => {
  const basic = `Basic ${Buffer.from("client-id-0001:client-secret-0001").toString("base64")}`;
  const rfcForm = "grant_type=refresh_token&refresh_token=refresh-token-0001";
  const post = `${rfcForm}&client_id=client-id-0001&client_secret=client-secret-0001`;
  const client = "client_id=client-id-0001&client_secret=client-secret-0001";

  it.each<[string, string, string | null, string | undefined]>([
    ["hubspot", "https://api.hubapi.com/oauth/2026-03/token", post, undefined],
    ["youtube", "https://oauth2.googleapis.com/token", post, undefined],
    ["gmail", "https://oauth2.googleapis.com/token", post, undefined],
    ["google-calendar", "https://oauth2.googleapis.com/token", post, undefined],
    ["google-business-profile", "https://oauth2.googleapis.com/token", post, undefined],
    ["spotify", "https://accounts.spotify.com/api/token", rfcForm, basic],
    ["discord", "https://discord.com/api/oauth2/token", rfcForm, basic],
    [
      "meta",
      `https://graph.facebook.com/v25.0/oauth/access_token?grant_type=fb_exchange_token&fb_exchange_token=access-token-0001&${client}`,
      null,
      undefined,
    ],
    [
      "instagram",
      "https://graph.instagram.com/refresh_access_token?grant_type=ig_refresh_token&access_token=access-token-0001",
      null,
      undefined,
    ],
    ["github-app", "https://github.com/login/oauth/access_token", post, undefined],
    ["x", "https://api.x.com/2/oauth2/token", rfcForm, basic],
    ["linkedin", "https://www.linkedin.com/oauth/v2/accessToken", post, undefined],
    ["reddit", "https://www.reddit.com/api/v1/access_token", rfcForm, basic],
    ["twitch", "https://id.twitch.tv/oauth2/token", post, undefined],
  ])("%s", (id, url, body, authorization) => {
    const provider = catalogue.find((candidate) => candidate.id === id);
    if (provider === undefined) throw new Error(`no ${id}`);
    const request = refresh(provider);
    expect([request.url, request.body, request.headers.authorization]).toEqual([url, body, authorization]);
  });

  it("offline access is asked for where it must be", () => {
    const url = (id: string) => {
      const provider = catalogue.find((candidate) => candidate.id === id);
      return provider === undefined
        ? ""
        : authorizeUrl(provider, { registration, redirectUri: "https://a.example", state: "s" });
    };
    for (const id of ["gmail", "youtube", "google-calendar", "google-business-profile"]) {
      expect(url(id)).toMatch(/access_type=offline&prompt=consent/);
    }
    expect(url("reddit")).toContain("duration=permanent");
    expect(url("x")).toContain("offline.access");
  });
});

/** A provider that repeats what we sent wherever it says anything. */
function echo(body: unknown, text: string): unknown {
  if (typeof body === "string") return `${body} ${text}`;
  if (typeof body !== "object" || body === null) return body;
  return Object.fromEntries(
    Object.entries(body).map(([name, value]) => [
      name,
      typeof value === "string" && name !== "error" && name !== "access_token" ? `${value} ${text}` : value,
    ]),
  );
}
