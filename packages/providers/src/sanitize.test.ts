import { describe, expect, it } from "vitest";
import { readBody } from "./read-body.ts";
import { reasonOf, sanitize } from "./sanitize.ts";

const reason = (status: number, body: unknown, secrets: string[] = []) =>
  reasonOf(status, readBody(new TextEncoder().encode(typeof body === "string" ? body : JSON.stringify(body))), secrets);

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
    [{ error: "temporarily_unavailable" }, "HTTP 400 temporarily_unavailable"],
    [
      { fault: { faultstring: "Invalid call", detail: { errorcode: "policy.raised" } } },
      "HTTP 400 fault.faultstring: Invalid call; fault.detail.errorcode: policy.raised",
    ],
    [
      { result: 0, session_key: "abc", data: [{ Token: "x1" }] },
      "HTTP 400 result: 0; session_key: ***; data.0.Token: ***",
    ],
    [{ access_token: 12_345, expires_in: 3600 }, "HTTP 400 access_token: ***; expires_in: 3600"],
    [{}, "HTTP 400"],
    ["<html><head><title>502 Bad Gateway</title>", 'HTTP 400 a web page titled "502 Bad Gateway"'],
    ["", "HTTP 400 an empty answer"],
    ['{"access_token":"ya29.secret', "HTTP 400 unreadable JSON"],
  ])("of %j", (body, expected) => {
    expect(reason(400, body)).toBe(expected);
  });

  it.each([
    "Invalid token ya29.a0AfH6SMBx7Qw9zKp1",
    "bad code 4/0AX4XfWh-Q_Jk1mN2pR3sT4",
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N",
    "see https://acme.example/cb?code=abc123&state=1",
    "user jane.doe@acme.example is gone",
    "key 0123456789abcdef0123456789abcdef",
    "GOCSPX-aBcDeFgHiJkLmNoPqRsTuVwXyZ12",
  ])("does not repeat what looks like a secret: %s", (text) => {
    const clean = sanitize(text);
    expect(clean).toContain("***");
    expect(clean).not.toMatch(/ya29\.|AX4X|eyJ|abc123|jane|0123456789|GOCSPX/);
  });

  it("does not repeat what we sent, however it is spelt", () => {
    const secret = "hunter two/three";
    for (const spelling of [secret, secret.toUpperCase(), encodeURIComponent(secret), "hunter+two%2Fthree"]) {
      expect(reason(401, { error: "x", error_description: `no such client ${spelling}!` }, [secret])).toBe(
        "HTTP 401 x: no such client ***!",
      );
    }
  });

  it("leaves no half of a secret where it is cut", () => {
    const secret = "aaaaaaaa-bbbbbbbb-cccccccc";
    for (let before = 0; before < 1100; before += 7) {
      const clean = reason(400, `${"x ".repeat(before / 2)}${secret} tail`, [secret]);
      expect(clean).not.toContain("aaaaaaaa");
    }
  });

  it("reads no more of a hostile answer than it needs", () => {
    const startedAt = performance.now();
    for (const text of ["<title", "?", "a@", "a.", "?a="]) reason(400, `<${text.repeat(300_000)}`, ["secret-value"]);
    expect(performance.now() - startedAt).toBeLessThan(500);
  });

  it("stays one short line", () => {
    const long = reason(400, { error: "x", error_description: "word \n\u0000\u202e".repeat(200) });
    expect(long.length).toBeLessThanOrEqual(200);
    for (const bad of ["\n", "\u0000", "\u202e"]) expect(long).not.toContain(bad);
  });
});
