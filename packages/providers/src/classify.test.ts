import type { RawAnswer } from "@evertoken/core";
import { describe, expect, it } from "vitest";
import { classify } from "./classify.ts";
import { defineProvider, type ProviderInput } from "./provider.ts";

const now = new Date("2026-11-20T12:00:00Z");

function acme(input: Partial<ProviderInput> = {}) {
  return defineProvider({
    id: "acme",
    name: "Acme",
    docs: "https://acme.example/docs",
    tokenUrl: "https://acme.example/token",
    policy: { lifetimeSeconds: 3600 },
    ...input,
  });
}

const rotating = acme({ policy: { lifetimeSeconds: 3600, rotation: { kind: "single_use" } } });

function answer(status: number, body: unknown, headers: Record<string, string> = {}): RawAnswer {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  return { kind: "response", status, headers, body: new TextEncoder().encode(text) };
}

const judge = (status: number, body: unknown, headers: Record<string, string> = {}, provider = acme()) =>
  classify(provider, answer(status, body, headers), now);

function granted(body: unknown, provider = acme(), status = 200) {
  const outcome = judge(status, body, {}, provider);
  if (outcome.kind !== "granted") throw new Error(`judged ${outcome.kind}`);
  return outcome.tokens;
}

describe("a token that came back counts", () => {
  it.each<[string, unknown]>([
    ["no token_type", { access_token: "t" }],
    ["an odd token_type", { access_token: "t", token_type: 7 }],
    ["an error beside it", { access_token: "t", error: "invalid_grant" }],
    ["a byte order mark", '\uFEFF{"access_token":"t"}'],
    ["blanks around it", ' \r\n{"access_token":"t"}\n'],
    ["serialized twice", JSON.stringify('{"access_token":"t"}')],
    ["form-encoded", "access_token=t&scope=a"],
    ["camel case", { accessToken: "t" }],
    ["scope as a number", { access_token: "t", scope: 5, refresh_token: 5, expires_in: {} }],
  ])("with %s", (_, body) => {
    expect(granted(body).accessToken).toBe("t");
  });

  it("with status 201", () => expect(granted({ access_token: "t" }, acme(), 201).accessToken).toBe("t"));

  it("in an object of its own", () => {
    const slack = acme({ answer: { nestedIn: ["authed_user"] } });
    expect(granted({ ok: true, authed_user: { access_token: "t", refresh_token: "r" } }, slack)).toMatchObject({
      accessToken: "t",
      refreshToken: "r",
    });
  });

  it("keeps the stored refresh token when none, null or an empty one comes back", () => {
    for (const refresh_token of [undefined, null, "", " "]) {
      expect(granted({ access_token: "t", refresh_token }).refreshToken).toBeNull();
    }
    expect(granted({ access_token: "t", refresh_token: "r" }).refreshToken).toBe("r");
  });

  it("keeps parts of the token that tell something", () => {
    const etsy = acme({ answer: { inToken: "^(?<user_id>\\d+)\\." } });
    expect(granted({ access_token: "123.abc" }, etsy).metadata).toEqual({ user_id: "123" });
    expect(granted({ access_token: "abc" }, etsy).metadata).toEqual({});
  });

  it("reads the scopes from whatever they come in", () => {
    const lists = acme({ answer: { scopes: "scopes" } });
    for (const scopes of ["a b", "a,b", ["a", "b"]]) {
      expect(granted({ access_token: "t", scope: scopes }).scopes).toEqual(["a", "b"]);
      expect(granted({ access_token: "t", scopes }, lists).scopes).toEqual(["a", "b"]);
    }
    for (const scope of [undefined, "", null, [], { a: true }]) {
      expect(granted({ access_token: "t", scope }).scopes).toBeNull();
    }
  });

  it("keeps facts that may move", () => {
    const salesforce = acme({ answer: { keep: ["instance_url"] } });
    const body = { access_token: "t", instance_url: "https://na1.example", id: "x" };
    expect(granted(body, salesforce).metadata).toEqual({ instance_url: "https://na1.example" });
  });
});

describe("an access token that no header can carry", () => {
  it.each(["a\r\nx-evil: 1", "a\n", "\na", "a\0b", "a\u007fb", "a\tb"])("%j is not served", (access_token) => {
    const lost = judge(200, { access_token, expires_in: 3600 });
    expect(lost).toMatchObject({ kind: "uncertain", reason: expect.stringContaining("control characters") });
    // The refresh token that came with it is the only one that works.
    const tokens = granted({ access_token, refresh_token: "next", expires_in: 3600 });
    expect(tokens).toMatchObject({ refreshToken: "next", expiresIn: 0, notes: [expect.stringContaining("control")] });
    expect(tokens.accessToken).toMatch(/^[!-~ ]*$/);
  });
});

describe("lifetimes are stated", () => {
  const soon = Math.floor(now.getTime() / 1000) + 7200;
  it.each<[unknown, unknown]>([
    [{ expires_in: 1800 }, 1800],
    [{ expires_in: "1800" }, 1800],
    [{ expires_in: " 1800 " }, 1800],
    [{ expires_in: 1800.9 }, 1800],
    [{ expires_in: "3600.5" }, 3600],
    [{}, "unstated"],
    [{ expires_in: null }, "unstated"],
    [{ expires_in: 0 }, "unstated"],
    [{ expires_in: "0" }, "unstated"],
    [{ expires_in: "" }, "unstated"],
    // Seconds, however long: 180 days, 60 days, 10 years (Linear), 50 years, and the largest number of 32 bits.
    [{ expires_in: 15_551_999 }, 15_551_999],
    [{ expires_in: 5_184_000 }, 5_184_000],
    [{ expires_in: 315_705_599 }, 315_705_599],
    [{ expires_in: 1_576_800_000 }, 1_576_800_000],
    [{ expires_in: "2147483647" }, 2_147_483_647],
    [{ expires_in: 3_600_000 }, 3_600_000],
    [{ expires_in: 3_600_000, expires_in_sec: 3600 }, 3600],
    [{ expires: 5000 }, 5000],
    [{ expires: "5183944" }, 5_183_944],
    [{ expires: soon }, 7200],
    [{ expires: "2026-11-20T14:00:00Z" }, 7200],
    [{ expires_at: soon }, 7200],
    [{ expires_at: soon * 1000 }, 7200],
    [{ expires_at: `${soon}` }, 7200],
    [{ expiresAt: soon }, 7200],
    [{ expires_on: String(soon) }, 7200],
    [{ expires_at: "2026-11-20T14:00:00Z" }, 7200],
    [{ expires_at: "2026-11-20T15:00:00.000+01:00" }, 7200],
    [{ expires_at: "2026-11-20T14:00:00" }, 7200],
    [{ expires_at: "2026-11-20 14:00:00" }, 7200],
    [{ expires_at: "2026-11-20 14:00:00.123456" }, 7200],
    [{ expires_at: "2026-11-20 15:00:00+01" }, 7200],
    [{ expires_at: "2026-11-20 14:00:00 UTC" }, 7200],
    [{ expires_at: "2026-11-20 09:00:00 -0500" }, 7200],
    [{ expires_at: "Fri, 20 Nov 2026 14:00:00 GMT" }, 7200],
    // The one that says something counts.
    [{ expires_in: 0, expires_at: soon }, 7200],
    [{ expires_in: null, expires_at: soon }, 7200],
    [{ expires_in: "soon", expires_at: soon }, 7200],
    [{ expires_in: 60, expires_at: soon }, 60],
    [{ expires_in: 0, expires: 5000 }, 5000],
  ])("%j means %j", (fields, expected) => {
    const tokens = granted({ access_token: "t", ...(fields as object) });
    expect([tokens.expiresIn, tokens.notes]).toEqual([expected, []]);
  });

  it.each<[unknown, string]>([
    [{ expires_in: 1_764_115_200 }, "expires_in 1764115200"],
    [{ expires_in: soon }, `expires_in ${soon}`],
    [{ expires_in: soon * 1000 }, `expires_in ${soon * 1000}`],
    [{ expires_in: "2026-11-20T14:00:00Z" }, "expires_in 2026-11-20T14:00:00Z"],
    [{ expires_in: 1e15 }, "expires_in 1000000000000000"],
    [{ expires_in: -1 }, "expires_in -1"],
    [{ expires_in: "-1" }, "expires_in -1"],
    [{ expires_in: 0.2 }, "expires_in 0.2"],
    [{ expires_in: "0x10" }, "expires_in (a string)"],
    [{ expires_in: "1e3" }, "expires_in (a string)"],
    [{ expires_in: "3600s" }, "expires_in (a string)"],
    [{ expires_in: "Infinity" }, "expires_in (a string)"],
    [{ expires_in: "soon" }, "expires_in (a string)"],
    [{ expires_in: true }, "expires_in (a boolean)"],
    [{ expires_in: [3600] }, "expires_in (a list)"],
    [{ expires_in: {} }, "expires_in (a object)"],
    [{ expires_at: soon - 9000 }, `expires_at ${soon - 9000}`],
    [{ expires_at: 3600 }, "expires_at 3600"],
    [{ expires_at: "11/20/2026" }, "expires_at (a string)"],
  ])("%j is taken for nothing, and told", (fields, note) => {
    const tokens = granted({ access_token: "t", ...(fields as object) });
    const told = `${note} is not understood, the documented lifetime counts`;
    expect([tokens.expiresIn, tokens.notes]).toEqual(["unstated", [told]]);
  });

  it("whatever the zone of the machine", () => {
    expect(granted({ access_token: "t", expires_at: "2026-07-01 00:00:00" }).expiresIn).toBe("unstated");
    expect(granted({ access_token: "t", expires_at: "2026-12-01 12:00" }).expiresIn).toBe(11 * 86_400);
  });

  it("beside the tokens, where those are nested", () => {
    const nested = acme({ answer: { nestedIn: ["data"] } });
    const data = { access_token: "t", expires_in: 0, expires_at: soon };
    expect(granted({ code: 0, expires_in: 5, data }, nested).expiresIn).toBe(7200);
  });

  it("not beyond what the provider's tokens ever live", () => {
    const day = acme({ answer: { longestSeconds: 86_400 } });
    expect(granted({ access_token: "t", expires_in: 86_400 }, day).expiresIn).toBe(86_400);
    const tokens = granted({ access_token: "t", expires_in: 3_600_000 }, day);
    expect([tokens.expiresIn, tokens.notes.length]).toEqual(["unstated", 1]);
  });

  it("none and nothing to refresh it with: no end, where that is an option", () => {
    const option = acme({ answer: { endless: true } });
    expect(granted({ access_token: "t" }, option).expiresIn).toBe("never");
    expect(granted({ access_token: "t", refresh_token: "" }, option).expiresIn).toBe("never");
    expect(granted({ access_token: "t", refresh_token: "r" }, option).expiresIn).toBe("unstated");
    expect(granted({ access_token: "t", expires_in: 60 }, option).expiresIn).toBe(60);
    expect(granted({ access_token: "t" }).expiresIn).toBe("unstated");
  });

  it("in milliseconds or as a time, where the file says so", () => {
    const ms = acme({ answer: { expiresIn: "milliseconds" }, policy: { lifetimeSeconds: null, spends: "nothing" } });
    expect(granted({ access_token: "t", expires_in: 60_000 }, ms).expiresIn).toBe(60);
    expect(granted({ access_token: "t", expires_in: 2_592_000_000 }, ms).expiresIn).toBe(30 * 86_400);
    expect(granted({ access_token: "t", expires_in: soon * 1000 }, ms)).toMatchObject({
      expiresIn: "unstated",
      notes: [`expires_in ${soon * 1000} is not understood, the documented lifetime counts`],
    });
    expect(granted({ access_token: "t", expires_in: 10 }, ms).expiresIn).toBe("unstated");
    const at = acme({ answer: { expiresIn: "timestamp" } });
    expect(granted({ access_token: "t", expires_in: soon }, at).expiresIn).toBe(7200);
    expect(granted({ access_token: "t", expires_in: String(soon * 1000) }, at).expiresIn).toBe(7200);
    expect(granted({ access_token: "t", expires_in: 3600 }, at)).toMatchObject({
      expiresIn: "unstated",
      notes: ["expires_in 3600 is not understood, the documented lifetime counts"],
    });
  });

  it("in the token itself, where the file says so and no field does", () => {
    const jwt = acme({ answer: { expiresIn: "jwt" } });
    const token = (payload: string) => `e30.${Buffer.from(payload).toString("base64url")}.c2ln`;
    const ending = token(JSON.stringify({ exp: soon }));
    expect(granted({ access_token: ending }, jwt).expiresIn).toBe(7200);
    expect(granted({ accessToken: ending }, jwt).expiresIn).toBe(7200);
    expect(granted({ access_token: ending, expires_in: 60 }, jwt).expiresIn).toBe(60);
    expect(granted({ access_token: ending }).expiresIn).toBe("unstated");
    for (const odd of ["opaque", "a.b.c", token("{"), token("null"), token('{"exp":"soon"}'), token('{"exp":1}')]) {
      expect(granted({ access_token: odd }, jwt).expiresIn).toBe("unstated");
    }
  });

  it.each(["refresh_token_expires_in", "refresh_expires_in", "x_refresh_token_expires_in"])("%s", (name) => {
    expect(granted({ access_token: "t", [name]: "86400" }).refreshTokenExpiresIn).toBe(86_400);
    expect(granted({ access_token: "t", [name]: 0 })).toMatchObject({ refreshTokenExpiresIn: null, notes: [] });
    for (const odd of [-5, soon, "0x10", 1e15]) {
      const tokens = granted({ access_token: "t", expires_in: 60, [name]: odd });
      expect(tokens.refreshTokenExpiresIn).toBeNull();
      expect(tokens.notes).toEqual([expect.stringMatching(new RegExp(`^${name} .* is not understood$`))]);
    }
  });

  it("of refresh tokens too, in their unit, or as a time", () => {
    const ms = acme({ answer: { expiresIn: "milliseconds" } });
    const both = { access_token: "t", expires_in: 60_000, refresh_expires_in: 2_592_000_000 };
    expect(granted(both, ms).refreshTokenExpiresIn).toBe(30 * 86_400);
    const mixed = acme({ answer: { expiresIn: "milliseconds", refreshExpiresIn: "seconds" } });
    expect(granted({ ...both, refresh_expires_in: 2_592_000 }, mixed).refreshTokenExpiresIn).toBe(30 * 86_400);
    const at = { access_token: "t", refresh_token_expires_at: "2026-11-20T14:00:00Z" };
    expect(granted(at).refreshTokenExpiresIn).toBe(7200);
  });

  it("of two ends of a refresh token, the one that comes first", () => {
    const ends = (idle: unknown, hard: unknown) =>
      granted({ access_token: "t", x_refresh_token_expires_in: idle, x_refresh_token_hard_expires_in: hard })
        .refreshTokenExpiresIn;
    expect(ends(8_640_000, 157_680_000)).toBe(8_640_000);
    expect(ends(8_640_000, "3600")).toBe(3600);
    expect(ends(undefined, 3600)).toBe(3600);
    expect(ends(8_640_000, 0)).toBe(8_640_000);
  });
});

describe("the baseline", () => {
  it.each<[number, unknown, string]>([
    [400, { error: "invalid_grant" }, "denied"],
    [401, { error: "invalid_grant" }, "denied"],
    [403, { error: "invalid_grant" }, "denied"],
    [404, { error: "invalid_grant" }, "unknown"],
    [200, { error: "invalid_grant" }, "unknown"],
    [400, { error: "invalid_request" }, "unknown"],
    [400, { error: "invalid_request", error_description: "The refresh token is expired" }, "denied"],
    [401, { error: "invalid_request", message: "Invalid refresh token" }, "denied"],
    [403, { error: "invalid_request", error_description: "The refresh token is expired" }, "unknown"],
    [429, { error: "invalid_request", error_description: "The refresh token is expired" }, "throttled"],
    [500, { error: "invalid_request", error_description: "The refresh token is expired" }, "transient"],
    [400, { error: "invalid_request", error_description: "Missing refresh_token" }, "unknown"],
    [400, { error: "something_else", error_description: "The refresh token is expired" }, "unknown"],
    [401, { error: "invalid_client" }, "misconfigured"],
    [400, { error: "invalid_client" }, "misconfigured"],
    [400, { error: "unauthorized_client" }, "misconfigured"],
    [400, { error: "temporarily_unavailable" }, "transient"],
    [200, { ok: false, error: "internal_error" }, "transient"],
    [400, { error: "rate_limit_exceeded" }, "throttled"],
    [429, { error: "invalid_grant" }, "throttled"],
    [500, { error: "invalid_grant" }, "transient"],
    [503, "<html></html>", "transient"],
    [408, "", "transient"],
    [425, "", "transient"],
    [403, "<html>Just a moment...</html>", "transient"],
    [401, "", "unknown"],
    [404, "Not Found", "unknown"],
    [410, "", "unknown"],
    [302, "", "unknown"],
    [200, { hello: 1 }, "unknown"],
    [200, "<html>Down for maintenance</html>", "transient"],
    [200, '{"access_token":"abc', "uncertain"],
  ])("%i %j is %s", (status, body, kind) => {
    expect(judge(status, body).kind).toBe(kind);
  });

  it("fears for a token that rotates when a success says nothing", () => {
    for (const body of ["", "{}", "[]", "ok", "<html></html>", { hello: 1 }]) {
      expect(judge(200, body, {}, rotating).kind).toBe("uncertain");
    }
    expect(judge(204, "", {}, rotating).kind).toBe("uncertain");
    for (const body of [
      ...[{ error: "something_new" }, { ok: false }, { errors: ["x"] }, { success: false }, { code: 40_105 }],
      ...[{ status: "failure" }, { message: "error", data: { error_code: 10_010 } }, { status: 401, body: {} }],
    ]) {
      expect(judge(200, body, {}, rotating).kind).toBe("unknown");
    }
  });
});

describe("no answer", () => {
  const fail = (sent: boolean, status: number | null = null) =>
    classify(acme(), { kind: "failure", sent, code: "ECONNRESET", status }, now);

  it.each<[boolean, number | null, string]>([
    [false, null, "unsent"],
    [true, null, "uncertain"],
    [true, 200, "uncertain"],
    [true, 500, "transient"],
    [true, 400, "transient"],
    [true, 429, "throttled"],
  ])("sent: %s, status: %s is %s", (sent, status, kind) => {
    expect(fail(sent, status).kind).toBe(kind);
  });
});

describe("waiting", () => {
  const wait = (headers: Record<string, string>, input: Partial<ProviderInput> = {}, body: unknown = "") => {
    const outcome = judge(429, body, headers, acme(input));
    return outcome.kind === "throttled" ? outcome.retryAfterMs : "not throttled";
  };
  const epoch = Math.floor(now.getTime() / 1000);

  it.each<[string, number | null]>([
    ["30", 30_000],
    ["1.5", 1500],
    ["0", 1000],
    ["-5", null],
    ["", null],
    ["soon", null],
    ["99999999", 86_400_000],
    ["Fri, 20 Nov 2026 12:01:00 GMT", 60_000],
    ["Fri, 20 Nov 2026 11:00:00 GMT", 1000],
    ["Fri, 20 Nov 2099 11:00:00 GMT", 86_400_000],
  ])("Retry-After: %s", (value, ms) => {
    expect(wait({ "retry-after": value })).toBe(ms);
  });

  it("by the provider's own header or body", () => {
    const header = (unit: "epoch" | "seconds" | "date") => ({ throttle: { header: { name: "x-reset", unit } } });
    expect(wait({ "x-reset": String(epoch + 90) }, header("epoch"))).toBe(90_000);
    expect(wait({ "x-reset": String(epoch - 90) }, header("epoch"))).toBe(1000);
    expect(wait({ "x-reset": "90" }, header("seconds"))).toBe(90_000);
    expect(wait({ "x-reset": "2026-11-20T12:00:30Z" }, header("date"))).toBe(30_000);
    expect(wait({ "x-reset": "90", "retry-after": "5" }, header("seconds"))).toBe(5000);
    expect(wait({}, { throttle: { bodySeconds: "retry_after" } }, { retry_after: 2.5 })).toBe(2500);
    expect(wait({}, header("epoch"))).toBeNull();
  });

  it("says whose limit it is", () => {
    const provider = acme({
      throttle: { scope: "connection" },
      errors: [{ where: { code: 4 }, judged: "throttled", throttleScope: "provider", waitSeconds: 600 }],
    });
    expect(judge(429, "", {}, provider)).toMatchObject({ scope: "connection", retryAfterMs: null });
    expect(judge(400, { code: 4 }, {}, provider)).toMatchObject({ scope: "provider", retryAfterMs: 600_000 });
  });
});

describe("the provider's own rules", () => {
  it("come before the baseline, but a broken server's word is never a denial", () => {
    const salesforce = acme({
      errors: [
        { where: { error: "invalid_grant", error_description: "expired authorization code" }, judged: "transient" },
        { where: { code: 190 }, judged: "denied" },
      ],
    });
    const body = { error: "invalid_grant", error_description: "expired authorization code" };
    expect(judge(400, body, {}, salesforce).kind).toBe("transient");
    for (const status of [500, 503, 408, 425])
      expect(judge(status, { code: 190 }, {}, salesforce).kind).toBe("transient");
    expect(judge(429, { code: 190 }, {}, salesforce).kind).toBe("throttled");
    expect(judge(400, { code: 190 }, {}, salesforce).kind).toBe("denied");
    expect(judge(400, { code: "190" }, {}, salesforce).kind).toBe("unknown");
  });

  it("may ask for a text about the refresh token itself", () => {
    const figma = acme({ errors: [{ where: { error: true }, tells: "dead_refresh_token", judged: "denied" }] });
    expect(judge(400, { error: true, message: "Invalid refresh token" }, {}, figma).kind).toBe("denied");
    expect(judge(400, { error: true, message: "Missing refresh token" }, {}, figma).kind).toBe("unknown");
    expect(judge(400, { error: true }, {}, figma).kind).toBe("unknown");
    expect(judge(400, { message: "Invalid refresh token" }, {}, figma).kind).toBe("unknown");
  });

  it("see what the body holds, not what every object has", () => {
    const odd = acme({ errors: [{ where: { "constructor.name": "Object" }, judged: "denied" }] });
    expect(judge(400, { error: "x" }, {}, odd).kind).toBe("unknown");
  });

  it("may be a function, which may also be broken", () => {
    const own = acme({
      readAnswer: ({ status }) => (status === 418 ? { kind: "denied", reason: "tea", httpStatus: 418 } : null),
    });
    expect(judge(418, "", {}, own).kind).toBe("denied");
    expect(judge(400, { error: "invalid_client" }, {}, own).kind).toBe("misconfigured");
    const broken = acme({
      readAnswer: () => {
        throw new Error("bug");
      },
    });
    expect(judge(400, { error: "invalid_grant" }, {}, broken).kind).toBe("denied");
  });
});
