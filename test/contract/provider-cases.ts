import type { Outcome, RawAnswer } from "@evertoken/core";
import {
  authorizeUrl,
  classify,
  type Provider,
  readIdentity,
  refreshRequest,
  type Sample,
  sentSecrets,
} from "@evertoken/providers";
import { describe, expect, it } from "vitest";
import { clientId, clientSecret } from "./documented-refreshes.ts";

const now = new Date("2026-11-20T12:00:00Z");
const registration = { clientId, clientSecret };
const tokens = { accessToken: "access-token-0001", refreshToken: "refresh-token-0001" };

/** What every provider's file has to stand, whoever wrote it. Call it while tests are collected. */
export function providerCases(provider: Provider): void {
  describe(provider.id, () => {
    fileCases(provider);
    if (provider.policy.spends !== "nothing") refreshCases(provider);
    if (provider.authorizeUrl !== null) connectCases(provider);
  });
}

function fileCases(provider: Provider): void {
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
}

function refreshCases(provider: Provider): void {
  it.each(["granted", "denied", "misconfigured", "throttled", "transient"])(
    "its file shows what %s looks like",
    (kind) => {
      const shown = [...provider.samples.map(({ judged }) => judged), ...provider.undocumented];
      expect(shown).toContain(kind);
    },
  );

  it("one request, with the token that is spent and no other", () => {
    const request = exampleRefresh(provider);
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
}

function connectCases(provider: Provider): void {
  // Otherwise a user's second account takes the place of the first.
  it("tells whose account was connected", () => {
    if (typeof provider.identity?.url === "string" || provider.keepFromRedirect.length > 0) return;
    const read = provider.samples.map((sample) => {
      const outcome = judge(provider, sample);
      if (outcome.kind !== "granted") return null;
      return readIdentity(provider, null, { ...exampleMetadata(provider), ...outcome.tokens.metadata });
    });
    expect(read).toContainEqual(expect.objectContaining({ externalAccountId: expect.any(String) }));
  });

  it("is connected with state, redirect, scopes, PKCE and offline access in the URL", () => {
    const url = new URL(
      authorizeUrl(provider, {
        registration,
        redirectUri: "https://app.example/cb",
        state: "st-1",
        codeChallenge: "ch-1",
        metadata: exampleMetadata(provider),
      }),
    );
    expect(url.searchParams.get(provider.clientIdParameter)).toBe(registration.clientId);
    expect(url.searchParams.get("redirect_uri")).toBe("https://app.example/cb");
    expect(url.searchParams.get("state")).toBe("st-1");
    expect(url.searchParams.get("response_type")).toBe("code");
    for (const { scope } of provider.scopes) {
      expect(url.searchParams.get(provider.scopeParameter)?.split(provider.scopeSeparator)).toContain(scope);
    }
    for (const [name, value] of Object.entries(provider.authorizeParameters))
      expect(url.searchParams.get(name)).toBe(value);
    expect(url.searchParams.get("code_challenge")).toBe(provider.pkce === "no" ? null : "ch-1");
    expect(url.href).not.toContain(registration.clientSecret);
  });
}

function judge(provider: Provider, { status, headers, body }: Sample, secrets: readonly string[] = []): Outcome {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  return classify(provider, { kind: "response", status, headers, body: new TextEncoder().encode(text) }, now, secrets);
}

/** The request that refreshes a token at the places that a file's examples name. */
export function exampleRefresh(provider: Provider, given = tokens): ReturnType<typeof refreshRequest> {
  const connection = { metadata: exampleMetadata(provider), scopes: [] };
  return refreshRequest(provider, { registration, connection, tokens: given });
}

export function exampleMetadata({ placeholders }: Provider): Record<string, string> {
  return Object.fromEntries(Object.entries(placeholders).map(([name, { example }]) => [name, example]));
}

/** A provider that repeats what we sent wherever it says anything. */
function echo(body: unknown, text: string): unknown {
  if (typeof body === "string") return `${body} ${text}`;
  if (Array.isArray(body)) return body.map((entry) => echo(entry, text));
  if (typeof body !== "object" || body === null) return body;
  const codes = ["error", "access_token", "errorType", "code", "resource"];
  return Object.fromEntries(
    Object.entries(body).map(([name, value]) => [
      name,
      codes.includes(name) && typeof value === "string" ? value : echo(value, text),
    ]),
  );
}
