import { describe, expect, it } from "vitest";
import { errorWords } from "./error-words.ts";
import { defineProvider } from "./provider.ts";
import { readBody } from "./read-body.ts";
import { reasonOf, sanitize } from "./sanitize.ts";

const provider = defineProvider({
  id: "acme",
  name: "Acme",
  docs: "https://acme.example/docs",
  tokenUrl: "https://acme.example/token",
  policy: { lifetimeSeconds: 3600 },
  errors: [{ where: { error: "odd_verwirkt" }, judged: "denied" }],
});

const reason = (status: number, answer: unknown, secrets: string[] = []) => {
  const bytes = new TextEncoder().encode(typeof answer === "string" ? answer : JSON.stringify(answer));
  return reasonOf(provider, { status, headers: {}, body: readBody(bytes) }, secrets);
};

describe("a reason", () => {
  it.each<[unknown, string]>([
    [
      { error: "invalid_grant", error_description: "Token has been expired or revoked." },
      "HTTP 400 invalid_grant: Token has been expired or revoked.",
    ],
    [
      { status: "BAD_REFRESH_TOKEN", message: "missing or invalid refresh token" },
      "HTTP 400 BAD_REFRESH_TOKEN: missing or invalid refresh token",
    ],
    [
      { error: { message: "(#4) Application request limit reached", code: 4 } },
      "HTTP 400 4: (#4) Application request limit reached",
    ],
    [{ error: "incorrect_client_credentials" }, "HTTP 400 incorrect_client_credentials"],
    [{ error: { type: "OAuthException" } }, "HTTP 400 OAuthException"],
    [
      { error: "x", error_description: "AADSTS700082: The refresh token has expired due to inactivity." },
      "HTTP 400 ***: AADSTS700082: The refresh token has expired due to inactivity.",
    ],
    [
      { fault: { faultstring: "Invalid call", detail: { errorcode: "policy.raised" } } },
      "HTTP 400 policy.raised: Invalid call",
    ],
    [{ error: "odd_verwirkt" }, "HTTP 400 odd_verwirkt"],
    [{ error: "another_verwirkt" }, "HTTP 400 ***"],
    [{ result: 0, session_key: "abc", data: [{ short: "Sh0rtTok12345" }], password: "hunter2hunter2" }, "HTTP 400"],
    [{}, "HTTP 400"],
    ["<html><head><title>502 Bad Gateway</title>", 'HTTP 400 a web page titled "502 Bad Gateway"'],
    ["<html><head><title>Token ya29.secret</title>", 'HTTP 400 a web page titled "Token ***"'],
    ["", "HTTP 400 an empty answer"],
    ["Service unavailable", "HTTP 400 Service unavailable"],
    ['{"access_token":"ya29.secret', "HTTP 400 unreadable JSON"],
  ])("of %j", (body, expected) => {
    expect(reason(400, body)).toBe(expected);
  });

  it.each<[unknown, string]>([
    [{ error: "invalid_grant", error_description: "Token has been revoked." }, "HTTP 200 invalid_grant"],
    [{ error: "odd_verwirkt" }, "HTTP 200 odd_verwirkt"],
    [{ error: "the_access_token", message: "token" }, "HTTP 200 without a usable token"],
    ["<title>token</title>", "HTTP 200 a web page"],
    ["token", "HTTP 200 a text"],
  ])("of a success repeats nothing but what we knew: %j", (body, expected) => {
    expect(reason(200, body)).toBe(expected);
  });

  it.each([
    "Invalid token ya29.a0AfH6SMBx7Qw9zKp1",
    "bad code 4/0AX4XfWh-Q_Jk1mN2pR3sT4",
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N",
    "see https://acme.example/cb?code=abc123&state=1",
    "user jane.doe@acme.example is gone",
    "key 0123456789abcdef0123456789abcdef",
    "GOCSPX-aBcDeFgHiJkLmNoPqRsTuVwXyZ12",
    "jane",
    "Sh0rt",
    "hunter",
    "token 0123 4567 8901",
    "code 1 2 3 4",
    "eyJh bGci OiJI",
  ])("does not repeat what is no word of an error: %s", (text) => {
    const clean = errorWords(text);
    expect(clean).toContain("***");
    expect(clean).not.toMatch(/ya29|AX4X|eyJ|bGci|abc|jane|acme|\d|GOCSPX|Sh0rt|hunter/);
  });

  const spellings = (secret: string) => [
    ...[secret, secret.toUpperCase(), encodeURIComponent(secret), "token+expired%2Frequest"],
    ...[
      "t o k e n expired request",
      "token\nexpired\nrequest",
      "token-expired-request",
      "tok\u200Ben\u00ADexpired.request",
    ],
  ];

  it("does not repeat what we sent, however it is spelt and whatever words it is made of", () => {
    const secret = "token expired/request";
    for (const spelling of spellings(secret)) {
      const said = { error: "invalid_client", error_description: `invalid secret ${spelling}` };
      expect(reason(401, said, [secret]), spelling).toBe("HTTP 401 invalid_client: invalid secret ***");
      expect(sanitize(`no such client ${spelling}!`, [secret]), spelling).toBe("no such client ***!");
    }
  });

  it("does not repeat a secret of signs alone", () => {
    expect(sanitize("it was ?!=?!=! here", ["?!=?!=!"])).not.toContain("!=");
  });

  it("leaves no half of a secret where it is cut", () => {
    const secret = "aaaaaaaa-bbbbbbbb-cccccccc";
    for (let before = 0; before < 1100; before += 7) {
      const clean = sanitize(`${"x ".repeat(before / 2)}${secret} tail`, [secret]);
      expect(clean).not.toContain("aaaaaaaa");
    }
  });

  it("reads no more of a hostile answer than it needs", () => {
    const startedAt = performance.now();
    for (const text of ["<title", "?", "a@", "a.", "?a=", "1 ", "a_"]) {
      reason(400, `<${text.repeat(300_000)}`, ["secret-value"]);
      reason(400, text.repeat(300_000), ["secret-value"]);
      sanitize(text.repeat(300_000), ["secret-value"]);
    }
    expect(performance.now() - startedAt).toBeLessThan(1500);
  });

  it("stays one short line", () => {
    const long = reason(400, { error: "invalid_grant", error_description: "token \n\u0000\u202e".repeat(200) });
    expect(long.length).toBeLessThanOrEqual(200);
    for (const bad of ["\n", "\u0000", "\u202e"]) expect(long).not.toContain(bad);
  });
});
