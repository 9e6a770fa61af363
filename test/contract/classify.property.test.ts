import type { Outcome, RawAnswer } from "@evertoken/core";
import { catalogue, classify, type Provider } from "@evertoken/providers";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

const now = new Date("2026-11-20T12:00:00Z");
const runs = { numRuns: 2000 };

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
    const told = fc.constantFrom("error", "error_description", "message", "status");
    fc.assert(
      fc.property(
        provider,
        fc.integer({ min: 400, max: 599 }),
        told,
        secret,
        around,
        around,
        (provider, status, name, secret, before, after) => {
          for (const text of [JSON.stringify({ [name]: before + secret + after }), before + secret + after]) {
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
      { numRuns: 200 },
    );
  });
});

function expectSaneLifetime(outcome: Outcome): void {
  if (outcome.kind !== "granted" || typeof outcome.tokens.expiresIn !== "number") return;
  expect(outcome.tokens.expiresIn).toBeGreaterThanOrEqual(1);
  expect(outcome.tokens.expiresIn).toBeLessThanOrEqual(100 * 365 * 86_400);
}
