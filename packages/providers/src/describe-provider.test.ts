import { describe, expect, it } from "vitest";
import { catalogue } from "./catalogue/index.ts";
import { describeProvider, inWords, judgePasted, maskedRefreshRequest } from "./describe-provider.ts";
import type { Provider } from "./provider.ts";

const now = new Date("2026-11-20T12:00:00Z");
const provider = (id: string): Provider => {
  const found = catalogue.find((candidate) => candidate.id === id);
  if (found === undefined) throw new Error(`no ${id}`);
  return found;
};

describe("describeProvider", () => {
  it("says what an operator wants to know", () => {
    expect(describeProvider(provider("atlassian"))).toMatchObject({
      refreshUrl: "https://auth.atlassian.com/oauth/token",
      encoding: "json",
      offlineAccess: "prompt=consent, scope offline_access",
      lifetimeSeconds: 3600,
      rotation: "a new one each time; the old one works 9 min more",
      refreshTokenEnd: "90 d unused, 365 d after consent",
    });
    expect(describeProvider(provider("figma")).refreshUrl).toBe("https://api.figma.com/v1/oauth/refresh");
    expect(describeProvider(provider("mailchimp"))).toMatchObject({ refreshUrl: null, rotation: "never refreshed" });
    expect(describeProvider(provider("meta")).rotation).toBe("the access token is exchanged");
    expect(describeProvider(provider("shopify")).placeholders).toEqual([
      { name: "shop", pattern: "[a-z0-9][a-z0-9-]*", usual: null },
    ]);
  });

  it("of every provider", () => {
    for (const one of catalogue) expect(describeProvider(one)).toMatchObject({ id: one.id, docs: one.docs });
  });
});

describe("maskedRefreshRequest", () => {
  it("shows the request and no secret", () => {
    expect(maskedRefreshRequest(provider("spotify"))).toMatchObject({
      method: "POST",
      url: "https://accounts.spotify.com/api/token",
      headers: { authorization: "Basic base64(CLIENT_ID:***)" },
      body: "grant_type=refresh_token&refresh_token=***",
    });
    expect(maskedRefreshRequest(provider("stripe-apps"))?.headers.authorization).toBe("Bearer ***");
    expect(maskedRefreshRequest(provider("zendesk"))?.body).toContain('"client_secret":"***"');
    expect(maskedRefreshRequest(provider("meta"))?.url).toContain("fb_exchange_token=***&client_id=CLIENT_ID");
    expect(maskedRefreshRequest(provider("shopify"), { shop: "mine" })?.url).toContain("https://mine.myshopify.com/");
    expect(() => maskedRefreshRequest(provider("shopify"), { shop: "evil.example/" })).toThrow(/not allowed/);
    expect(maskedRefreshRequest(provider("clickup"))).toBeNull();
  });
});

describe("judgePasted", () => {
  it("says what an answer means, and masks its tokens", () => {
    const granted = judgePasted(
      provider("box"),
      { status: 200, body: '{"access_token":"a1","refresh_token":"r1"}' },
      now,
    );
    expect(granted).toMatchObject({ kind: "granted", tokens: { accessToken: "***", refreshToken: "***" } });
    expect(JSON.stringify(granted)).not.toMatch(/a1|r1/);
    const limited = judgePasted(provider("box"), { status: 429, headers: { "Retry-After": "7" }, body: "" }, now);
    expect(limited).toMatchObject({ kind: "throttled", retryAfterMs: 7000 });
    expect(judgePasted(provider("box"), { status: 418, body: "teapot" }, now).kind).toBe("unknown");
  });
});

it.each([
  [0, "0 s"],
  [59, "59 s"],
  [3599, "59 min 59 s"],
  [7200, "2 h"],
  [5_184_000, "60 d"],
  [93_784, "1 d 2 h"],
])("%i seconds are %s", (seconds, words) => expect(inWords(seconds)).toBe(words));
