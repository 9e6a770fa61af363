import type { Outcome, RawAnswer } from "@evertoken/core";
import { catalogue, classify, defineProvider, type Provider } from "@evertoken/providers";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

const now = new Date("2026-11-20T12:00:00Z");
// EVERTOKEN_TEST_SEED repeats a run.
const seed = Number(process.env.EVERTOKEN_TEST_SEED ?? Date.now() % 2 ** 31);
const runs = { numRuns: 2000, seed };
console.log(`classify: properties with the seed ${seed}`);

const plain = defineProvider({
  ...{ id: "plain", name: "Plain", docs: "https://plain.example/docs" },
  tokenUrl: "https://plain.example/token",
  policy: { lifetimeSeconds: 3600 },
});
const provider: fc.Arbitrary<Provider> = fc.constantFrom(...catalogue);
const status = fc.oneof(
  fc.constantFrom(200, 201, 204, 302, 400, 401, 403, 404, 408, 423, 425, 429, 500, 503),
  fc.integer({ min: 100, max: 599 }),
);

/** Bodies that providers do send, with any of their values replaced by anything. */
const words = fc.constantFrom(
  "invalid_grant",
  "invalid_client",
  "invalid_request",
  "BAD_REFRESH_TOKEN",
  "bad_refresh_token",
  190,
  400,
  "190",
);
const anything = fc.oneof(words, fc.jsonValue(), fc.string());
const fields = fc.dictionary(
  fc.constantFrom(
    "error",
    "error_description",
    "status",
    "message",
    "expires_in",
    "expires",
    "scope",
    "token_type",
    "refresh_token",
    "retry_after",
    "ok",
    "data",
  ),
  anything,
);
const encoder = new TextEncoder();
const body = fc.oneof(
  fields.map((value) => encoder.encode(JSON.stringify(value))),
  fc.jsonValue().map((value) => encoder.encode(JSON.stringify(value))),
  fc.string().map((value) => encoder.encode(value)),
  fc.uint8Array({ maxLength: 200 }),
);
const headers = fc.dictionary(
  fc.constantFrom("retry-after", "x-ratelimit-reset", "x-rate-limit-reset", "ratelimit-reset", "content-type"),
  fc.oneof(
    fc.string(),
    fc.double().map(String),
    fc.integer().map(String),
    fc.date({ noInvalidDate: true }).map((date) => date.toUTCString()),
  ),
);
const response: fc.Arbitrary<RawAnswer> = fc.record({ kind: fc.constant("response"), status, headers, body });
const failure: fc.Arbitrary<RawAnswer> = fc.record({
  kind: fc.constant("failure"),
  sent: fc.boolean(),
  code: fc.string(),
  status: fc.option(status),
});

const kinds = ["granted", "denied", "misconfigured", "throttled", "unsent", "transient", "uncertain", "unknown"];

describe("classify", () => {
  it("has an outcome for every answer, and a short reason", () => {
    fc.assert(
      fc.property(provider, fc.oneof(response, failure), (provider, answer) => {
        const outcome = classify(provider, answer, now);
        expect(kinds).toContain(outcome.kind);
        if ("reason" in outcome) expect(outcome.reason.length).toBeLessThanOrEqual(200);
      }),
      runs,
    );
  });

  it("never calls a grant dead for trouble on their side or on the way", () => {
    const trouble = fc.oneof(
      fc
        .tuple(response, fc.oneof(fc.integer({ min: 500, max: 599 }), fc.constantFrom(408, 425, 429)))
        .map(([answer, status]): RawAnswer => ({ ...answer, status }) as RawAnswer),
      failure,
    );
    fc.assert(
      fc.property(provider, trouble, (provider, answer) => {
        expect(["throttled", "transient", "unsent", "uncertain"]).toContain(classify(provider, answer, now).kind);
      }),
      runs,
    );
  });

  it("never loses an access token that a success carries", () => {
    const token = fc.string({ minLength: 1 }).filter((value) => value.trim() !== "");
    fc.assert(
      fc.property(
        provider,
        fc.integer({ min: 200, max: 299 }),
        headers,
        fields,
        token,
        (provider, status, headers, fields, access_token) => {
          const answer: RawAnswer = {
            kind: "response",
            status,
            headers,
            body: encoder.encode(JSON.stringify({ ...fields, access_token })),
          };
          const outcome = classify(provider, answer, now);
          expect(outcome).toMatchObject({ kind: "granted", tokens: { accessToken: access_token } });
          const { refresh_token } = fields;
          if (typeof refresh_token === "string" && refresh_token.trim() !== "") {
            expect(outcome).toMatchObject({ tokens: { refreshToken: refresh_token } });
          }
          expectSaneLifetime(outcome);
        },
      ),
      runs,
    );
  });

  it("takes a lifetime for what it says, and guesses nothing", () => {
    const seconds = fc.integer({ min: 1, max: 50 * 365 * 86_400 });
    const inSeconds = catalogue.filter(({ answer }) => answer.expiresIn === "seconds");
    fc.assert(
      fc.property(fc.constantFrom(...inSeconds), seconds, fc.boolean(), (provider, expires_in, asText) => {
        const json = { access_token: "t", expires_in: asText ? String(expires_in) : expires_in };
        const body = encoder.encode(JSON.stringify(json));
        const outcome = classify(provider, { kind: "response", status: 200, headers: {}, body }, now);
        const tooLong = expires_in > (provider.answer.longestSeconds ?? Number.POSITIVE_INFINITY);
        const note = expect.stringContaining("is not understood");
        expect(outcome).toMatchObject({
          tokens: tooLong ? { expiresIn: "unstated", notes: [note] } : { expiresIn: expires_in, notes: [] },
        });
      }),
      runs,
    );
  });

  it("serves nothing that no header can carry", () => {
    const broken = fc
      .tuple(fc.string(), fc.constantFrom("\r\n", "\n", "\r", "\0", "\t", "\u007f"), fc.string())
      .map((parts) => `t${parts.join("")}`);
    fc.assert(
      fc.property(provider, broken, fc.boolean(), (provider, access_token, rotates) => {
        const json = { access_token, expires_in: 3600, ...(rotates ? { refresh_token: "next" } : {}) };
        const body = encoder.encode(JSON.stringify(json));
        const outcome = classify(provider, { kind: "response", status: 200, headers: {}, body }, now);
        expect(outcome.kind).toBe(rotates ? "granted" : "uncertain");
        if (outcome.kind !== "granted") return;
        expect(outcome.tokens).toMatchObject({ refreshToken: "next", expiresIn: 0 });
        expect(outcome.tokens.accessToken).not.toMatch(/\p{Cc}/u);
      }),
      runs,
    );
  });

  it("keeps nothing of a granted answer that could not be stored", () => {
    const text = fc
      .array(fc.constantFrom("a", " ", "\0", "\ud800", "\udc00", "\ud83d\ude00"))
      .map((parts) => `t${parts.join("")}`);
    const fields = fc.record({
      access_token: text,
      refresh_token: text,
      token_type: text,
      scope: text,
      instance_url: text,
    });
    fc.assert(
      fc.property(provider, fields, fc.boolean(), (provider, fields, twice) => {
        const json = JSON.stringify(twice ? JSON.stringify(fields) : fields);
        const outcome = classify(
          provider,
          { kind: "response", status: 200, headers: {}, body: encoder.encode(json) },
          now,
        );
        expect(outcome.kind).toBe("granted");
        const kept = JSON.stringify(outcome);
        expect(kept).not.toMatch(/\\u(0000|d[89a-f])/i);
      }),
      runs,
    );
  });

  it("never loses one in any known place, in any known form", () => {
    const token = fc.stringMatching(/^[\w.~-]{1,40}$/);
    const places = catalogue.flatMap((provider) =>
      [null, ...provider.answer.nestedIn].map((place) => [provider, place] as const),
    );
    fc.assert(
      fc.property(
        fc.constantFrom(...places),
        token,
        fc.constantFrom("access_token", "accessToken"),
        fc.constantFrom(...writings),
        fc.integer({ min: 200, max: 299 }),
        ([provider, place], token, name, write, status) => {
          const holder = { [name]: token, refresh_token: "next" };
          const body = write(place === null ? holder : { status: 0, ...nest(place, holder) }, place !== null);
          const outcome = classify(provider, { kind: "response", status, headers: {}, body }, now);
          expect(outcome).toMatchObject({ kind: "granted", tokens: { accessToken: token, refreshToken: "next" } });
        },
      ),
      runs,
    );
  });

  it("never declares a death by a known text when the status says trouble", () => {
    const deaths = catalogue.flatMap((provider) =>
      provider.samples.filter(({ judged }) => judged === "denied").map((sample) => [provider, sample.body] as const),
    );
    const trouble = fc.oneof(fc.integer({ min: 500, max: 599 }), fc.constantFrom(408, 425, 429));
    fc.assert(
      fc.property(fc.constantFrom(...deaths), provider, trouble, headers, ([teller, body], other, status, headers) => {
        const text = typeof body === "string" ? body : JSON.stringify(body);
        const answer: RawAnswer = { kind: "response", status, headers, body: encoder.encode(text) };
        for (const provider of [teller, other]) {
          expect(["throttled", "transient"]).toContain(classify(provider, answer, now).kind);
        }
      }),
      runs,
    );
  });

  it("takes no provider's words for another's death, but for what is anybody's", () => {
    const deaths = catalogue.flatMap((provider) =>
      provider.samples.flatMap(({ judged, status, body }) => {
        const text = typeof body === "string" ? body : JSON.stringify(body);
        const answer: RawAnswer = { kind: "response", status, headers: {}, body: encoder.encode(text) };
        // A provider without rules of its own believes the RFC's invalid_grant, and a text about the refresh token itself.
        const anybodys = classify(plain, answer, now).kind === "denied";
        return judged === "denied" && !anybodys && !text.includes("invalid_grant") ? [{ provider, answer }] : [];
      }),
    );
    expect(deaths.length).toBeGreaterThan(20);
    for (const { provider: teller, answer } of deaths) {
      const believers = catalogue.filter((provider) => classify(provider, answer, now).kind === "denied");
      // Kin believe each other.
      expect(believers.map(({ id }) => id).filter((id) => !kin(teller.id).includes(id))).toEqual([]);
    }
  });

  it("reads what no parser likes", () => {
    for (const text of [
      "[".repeat(200_000),
      `{"a":${"[".repeat(100_000)}${"]".repeat(100_000)}}`,
      '{"__proto__":{"access_token":"t"}}',
      '{"error":{"toString":1}}',
      `"${"\\".repeat(1001)}"`,
      "\u0000".repeat(1000),
      "access_token=%E0%A4%A",
      "=".repeat(500_000),
    ]) {
      for (const provider of catalogue) {
        for (const status of [200, 400, 503]) {
          const answer: RawAnswer = { kind: "response", status, headers: {}, body: encoder.encode(text) };
          expect(kinds).toContain(classify(provider, answer, now).kind);
        }
      }
    }
  });

  it("never waits for ever, or not at all", () => {
    fc.assert(
      fc.property(provider, response, (provider, answer) => {
        const outcome = classify(provider, answer, now);
        if (!("retryAfterMs" in outcome) || outcome.retryAfterMs === null) return;
        expect(Number.isInteger(outcome.retryAfterMs)).toBe(true);
        expect(outcome.retryAfterMs).toBeGreaterThanOrEqual(1000);
        expect(outcome.retryAfterMs).toBeLessThanOrEqual(86_400_000);
      }),
      runs,
    );
  });

  it("never repeats what was sent", () => {
    const secret = fc
      .string({ minLength: 6, maxLength: 60 })
      .filter((value) => /[^*\s]/.test(value) && value.trim() === value);
    const around = fc.string({ maxLength: 30 });
    const told = fc.constantFrom<(text: string) => unknown>(
      ...["error", "error_description", "message", "status"].map((name) => (text: string) => ({ [name]: text })),
      (text) => ({ error: { message: text, code: text } }),
      (text) => ({ errors: [{ errorType: "invalid_grant", message: text }] }),
      (text) => ({ [text]: text, description: text }),
    );
    fc.assert(
      fc.property(
        provider,
        fc.constantFrom(200, 302, 400, 401, 403, 404, 429, 500),
        told,
        secret,
        around,
        around,
        (provider, status, tell, secret, before, after) => {
          const said = before + secret + after;
          for (const text of [JSON.stringify(tell(said)), said, `<html><title>${said}</title>`, `error=${said}`]) {
            const answer: RawAnswer = { kind: "response", status, headers: {}, body: encoder.encode(text) };
            const outcome = classify(provider, answer, now, [secret]);
            expect("reason" in outcome ? outcome.reason : "").not.toContain(secret);
          }
        },
      ),
      runs,
    );
  });

  it("gives the same outcome for the same answer", () => {
    fc.assert(
      fc.property(provider, response, (provider, answer) => {
        expect(classify(provider, answer, now)).toEqual(classify(provider, answer, now));
      }),
      { ...runs, numRuns: 200 },
    );
  });
});

/** The same tokens as different servers write them; `nested` ones need JSON. */
const writings: readonly ((value: Record<string, unknown>, nested: boolean) => Uint8Array)[] = [
  (value) => encoder.encode(JSON.stringify(value)),
  (value) => encoder.encode(`\n\ufeff ${JSON.stringify(value, null, 2)}\r\n`.trimStart()),
  (value) => encoder.encode(`\ufeff${JSON.stringify(value)}`),
  (value) => encoder.encode(JSON.stringify(JSON.stringify(value))),
  (value, nested) =>
    nested || "accessToken" in value
      ? encoder.encode(JSON.stringify(value))
      : encoder.encode(new URLSearchParams(value as Record<string, string>).toString()),
];

/** `{a: [holder]}` for the path `a.0`. */
function nest(path: string, holder: unknown): Record<string, unknown> {
  const [first = "", ...rest] = path.split(".");
  return { [first]: rest.reduceRight<unknown>((inner, part) => (part === "0" ? [inner] : { [part]: inner }), holder) };
}

function kin(id: string): string[] {
  const families = [
    ["gmail", "youtube", "google-ads", "google-drive", "google-calendar", "google-business-profile"],
    ["meta", "instagram"],
  ];
  return families.find((family) => family.includes(id)) ?? [id];
}

function expectSaneLifetime(outcome: Outcome): void {
  if (outcome.kind !== "granted" || typeof outcome.tokens.expiresIn !== "number") return;
  expect(outcome.tokens.expiresIn).toBeGreaterThanOrEqual(1);
  expect(outcome.tokens.expiresIn).toBeLessThanOrEqual(100 * 365 * 86_400);
}
