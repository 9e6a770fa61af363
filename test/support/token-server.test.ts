import { spawn } from "node:child_process";
import { once } from "node:events";
import { Agent, request as httpRequest } from "node:http";
import { connect } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import { lies, startTokenServer, type TokenServer, type TokenServerOptions } from "./token-server.ts";
import { startTokenServerProcess } from "./token-server-process.ts";

const started: TokenServer[] = [];

async function setup(options?: TokenServerOptions) {
  const server = await startTokenServer(options);
  started.push(server);
  const [tokens] = await server.issue();
  if (!tokens) throw new Error("no tokens issued");
  return { server, tokens };
}

afterEach(async () => {
  for (const server of started.splice(0)) await server.stop();
});

type Answered = { status: number; body: Record<string, unknown>; headers: Headers };

async function refresh(server: TokenServer, refreshToken: string, signal?: AbortSignal): Promise<Answered> {
  const response = await fetch(server.tokenUrl, {
    method: "POST",
    redirect: "manual",
    body: new URLSearchParams({ grant_type: "refresh_token", refresh_token: refreshToken }),
    ...(signal && { signal }),
  });
  const text = await response.text();
  const isJson = response.headers.get("content-type") === "application/json" && text.trim() !== "";
  return { status: response.status, body: isJson ? JSON.parse(text) : { text }, headers: response.headers };
}

const identify = async (server: TokenServer, accessToken: string) =>
  (await fetch(server.identityUrl, { headers: { authorization: `Bearer ${accessToken}` } })).status;

describe("strict rotation", () => {
  test("each refresh token is good once, and the next one comes with the answer", async () => {
    const { server, tokens } = await setup();
    let current = tokens.refreshToken;
    const seen = new Set([current]);
    for (let round = 0; round < 5; round += 1) {
      const { status, body } = await refresh(server, current);
      expect(status).toBe(200);
      current = String(body.refresh_token);
      seen.add(current);
      expect(await identify(server, String(body.access_token))).toBe(200);
    }
    expect(seen.size).toBe(6);
    expect(await server.inspect([tokens.refreshToken, current, "nonsense"])).toMatchObject([
      { state: "spent", alive: true },
      { state: "current", alive: true },
      { state: "unknown", alive: false },
    ]);
    expect(await server.summary()).toMatchObject({ requests: 5, granted: 5, reuse: 0, repeated: 0, answersLost: 0 });
  });

  test("a spent token revokes its family and no other", async () => {
    const { server, tokens } = await setup();
    const [other] = await server.issue();
    const next = await refresh(server, tokens.refreshToken);
    expect(await refresh(server, tokens.refreshToken)).toMatchObject({ status: 400, body: { error: "invalid_grant" } });
    expect(await refresh(server, String(next.body.refresh_token))).toMatchObject({ status: 400 });
    expect(await identify(server, String(next.body.access_token))).toBe(401);
    expect(await identify(server, other?.accessToken ?? "")).toBe(200);
    expect(await server.summary()).toMatchObject({
      granted: 1,
      reuse: 1,
      denied: 1,
      repeated: 1,
      families: { alive: 1, revoked: 1 },
    });
    const outcomes = (await server.presentations({ token: tokens.refreshToken })).map((entry) => entry.outcome);
    expect(outcomes).toEqual(["granted", "reuse"]);
  });

  test("of two requests at the same time one is granted, the other is reuse", async () => {
    const { server, tokens } = await setup();
    await server.hold({ at: "received" });
    const both = [refresh(server, tokens.refreshToken), refresh(server, tokens.refreshToken)];
    await server.holding({ atLeast: 2 });
    await server.release();
    expect((await Promise.all(both)).map(({ status }) => status).sort()).toEqual([200, 400]);
    expect(await server.summary()).toMatchObject({ granted: 1, reuse: 1, overlapping: 1 });
  });
});

describe("settings", () => {
  test("grace replays the same new refresh token, until it is over", async () => {
    const { server, tokens } = await setup({ settings: { rotation: { graceSeconds: 60 } } });
    const first = await refresh(server, tokens.refreshToken);
    const again = await refresh(server, tokens.refreshToken);
    expect(again.body.refresh_token).toBe(first.body.refresh_token);
    expect(again.body.access_token).not.toBe(first.body.access_token);
    await server.configure({ rotation: { graceSeconds: 0 } });
    expect((await refresh(server, tokens.refreshToken)).status).toBe(400);
    expect(await server.summary()).toMatchObject({ granted: 1, replayed: 1, reuse: 1 });
  });

  test("without rotation the token stays, and the answer may leave it out, repeat it, or be odd about it", async () => {
    const { server, tokens } = await setup({ settings: { rotation: "off" } });
    const answered = async () => (await refresh(server, tokens.refreshToken)).body;
    expect(await answered()).not.toHaveProperty("refresh_token");
    for (const [keeps, value] of [
      ["same", tokens.refreshToken] as const,
      ["null", null] as const,
      ["empty", ""] as const,
    ]) {
      await server.configure({ unrotatedRefreshToken: keeps }, { family: tokens.family });
      expect(await answered()).toMatchObject({ refresh_token: value });
    }
  });

  test("expires_in can be a value, a string, null, 0 or absent, and the token works all the same", async () => {
    const { server, tokens } = await setup({ settings: { rotation: "off" } });
    for (const expiresIn of [60, "60", null, 0]) {
      await server.configure({ expiresIn });
      const { body } = await refresh(server, tokens.refreshToken);
      expect(body.expires_in).toBe(expiresIn);
      expect(await identify(server, String(body.access_token))).toBe(200);
    }
    await server.configure({ expiresIn: "absent", answerStatus: 201, answerOmits: ["token_type"] });
    const { status, body } = await refresh(server, tokens.refreshToken);
    expect(status).toBe(201);
    expect(Object.keys(body).sort()).toEqual(["access_token", "scope"]);
  });

  test("access tokens end with their lifetime, or one by one", async () => {
    const { server, tokens } = await setup();
    const [expired] = await server.issue({ expiresIn: 0 });
    expect(await identify(server, expired?.accessToken ?? "")).toBe(401);
    expect(await identify(server, tokens.accessToken)).toBe(200);
    await server.invalidateAccessToken(tokens.accessToken);
    expect(await identify(server, tokens.accessToken)).toBe(401);
    expect((await refresh(server, tokens.refreshToken)).status).toBe(200);
    expect((await server.summary()).identity).toEqual({ answered: 1, unauthorized: 2 });
  });

  test("with a registration, other clients are turned away and nothing is spent", async () => {
    const { server, tokens } = await setup({ client: { id: "app", secret: "a b+c:d" } });
    const ask = async (headers: Record<string, string>, body: Record<string, string>) =>
      (
        await fetch(server.tokenUrl, {
          method: "POST",
          headers,
          body: new URLSearchParams({ grant_type: "refresh_token", refresh_token: tokens.refreshToken, ...body }),
        })
      ).status;
    expect(await ask({}, {})).toBe(401);
    expect(await ask({}, { client_id: "app", client_secret: "wrong" })).toBe(401);
    const basic = Buffer.from(`app:${encodeURIComponent("a b+c:d")}`).toString("base64");
    expect(await ask({ authorization: `Basic ${basic}` }, {})).toBe(200);
    expect(await server.summary()).toMatchObject({ client_rejected: 2, granted: 1, reuse: 0 });
  });

  test("token values carry the marker", async () => {
    const { server, tokens } = await setup({ marker: "MARK-me" });
    const { body } = await refresh(server, tokens.refreshToken);
    for (const value of [tokens.accessToken, tokens.refreshToken, body.access_token, body.refresh_token]) {
      expect(value).toMatch(/^MARK-me\./);
    }
    expect(JSON.stringify([await server.presentations(), await server.summary()])).not.toContain("MARK-me");
  });
});

describe("behaviours", () => {
  test.each([
    ["html200", lies.html200, 200, {}],
    ["empty200", lies.empty200, 200, {}],
    ["error200", lies.error200, 200, {}],
    ["serverError", lies.serverError, 500, {}],
    ["unavailable", lies.unavailable(7), 503, { "retry-after": "7" }],
    ["throttled, seconds", lies.throttled(3), 429, { "retry-after": "3" }],
    [
      "throttled, date",
      lies.throttled("Wed, 21 Oct 2026 07:28:00 GMT"),
      429,
      { "retry-after": "Wed, 21 Oct 2026 07:28:00 GMT" },
    ],
    ["throttled, silent", lies.throttled(), 429, { "retry-after": null }],
    ["invalidClient", lies.invalidClient, 401, {}],
    ["invalidGrant", lies.invalidGrant, 400, {}],
    ["redirect", lies.redirect(), 302, { location: "/redirected" }],
  ])("the lie %s spends nothing, and is over after its number of requests", async (_name, lie, status, headers) => {
    const { server, tokens } = await setup();
    await server.behave(lie, { next: 1 });
    const answered = await refresh(server, tokens.refreshToken);
    expect(answered.status).toBe(status);
    for (const [name, value] of Object.entries(headers)) expect(answered.headers.get(name)).toBe(value);
    expect((await refresh(server, tokens.refreshToken)).status).toBe(200);
    expect(await server.summary()).toMatchObject({ lied: 1, granted: 1, reuse: 0, answersLost: 0 });
  });

  test("a lie that spends loses the answer", async () => {
    const { server, tokens } = await setup();
    await server.behave({ ...lies.serverError, spends: true }, { next: 1 });
    await refresh(server, tokens.refreshToken);
    await server.idle();
    expect((await refresh(server, tokens.refreshToken)).status).toBe(400);
    expect(await server.summary()).toMatchObject({ granted: 1, answersLost: 1, reuse: 1 });
  });

  test("a huge body comes whole", async () => {
    const { server, tokens } = await setup();
    await server.behave(lies.hugeBody(3_000_000));
    const { body } = await refresh(server, tokens.refreshToken);
    expect(String(body.text).length).toBe(3_000_000);
  });

  test.each([
    ["cut_before_answer", 1],
    ["cut_mid_body", 1],
    ["reset_before_reading", 0],
  ] as const)("%s: the caller gets an error, %i grant is processed", async (kind, granted) => {
    const { server, tokens } = await setup();
    await server.behave({ kind }, { next: 1 });
    await expect(refresh(server, tokens.refreshToken)).rejects.toThrow();
    await server.idle();
    expect(await server.summary()).toMatchObject({ requests: 1, granted, answersLost: granted, ignored: 1 - granted });
    expect((await refresh(server, tokens.refreshToken)).status).toBe(granted ? 400 : 200);
  });

  test("a hanging server takes the request and never answers", async () => {
    const { server, tokens } = await setup();
    await server.behave({ kind: "hang" }, { family: tokens.family });
    const abort = new AbortController();
    const asked = refresh(server, tokens.refreshToken, abort.signal);
    await server.arrived({ family: tokens.family });
    const [other] = await server.issue();
    expect((await refresh(server, other?.refreshToken ?? "")).status).toBe(200);
    abort.abort();
    await expect(asked).rejects.toThrow();
    await server.idle();
    expect(await server.summary()).toMatchObject({ requests: 2, ignored: 1, granted: 1 });
  });

  test("a trickled answer arrives whole, or is lost with a caller who gives up", async () => {
    const { server, tokens } = await setup();
    await server.behave({ kind: "trickle", byteMs: 1 }, { next: 1 });
    const { body } = await refresh(server, tokens.refreshToken);
    expect(await server.summary()).toMatchObject({ granted: 1, answersLost: 0 });
    await server.behave({ kind: "trickle", byteMs: 1000 });
    const abort = new AbortController();
    const asked = refresh(server, String(body.refresh_token), abort.signal);
    await server.arrived({ atLeast: 2 });
    abort.abort();
    await expect(asked).rejects.toThrow();
    await server.idle();
    expect(await server.summary()).toMatchObject({ granted: 2, answersLost: 1 });
  });

  test("a mix is the same again with the same seed", async () => {
    const run = async () => {
      const { server } = await setup({ seed: 42 });
      await server.behave({ kind: "mix", of: [{ share: 0.3, behaviour: lies.serverError }] });
      const sets = await server.issue({ count: 60 });
      const statuses: number[] = [];
      for (const { refreshToken } of sets) statuses.push((await refresh(server, refreshToken)).status);
      return statuses;
    };
    const statuses = await run();
    expect(statuses).toContain(500);
    expect(statuses).toContain(200);
    expect(await run()).toEqual(statuses);
  });
});

describe("gates", () => {
  test("held when received nothing is spent, held when decided the token is", async () => {
    const { server, tokens } = await setup();
    const received = await server.hold({ at: "received", family: tokens.family });
    const decided = await server.hold({ at: "decided" });
    const asked = refresh(server, tokens.refreshToken);
    await server.holding({ id: received });
    expect((await server.inspect([tokens.refreshToken]))[0]?.state).toBe("current");
    expect(await server.release(received)).toBe(1);
    await server.holding({ id: decided });
    expect((await server.inspect([tokens.refreshToken]))[0]?.state).toBe("spent");
    await server.release();
    expect((await asked).status).toBe(200);
  });

  test.each(["received", "decided"] as const)("a caller who leaves while held at %s loses the answer", async (at) => {
    const { server, tokens } = await setup();
    const gate = await server.hold({ at });
    const abort = new AbortController();
    const asked = refresh(server, tokens.refreshToken, abort.signal);
    await server.holding({ id: gate });
    abort.abort();
    await expect(asked).rejects.toThrow();
    await server.idle();
    await server.release();
    await expect.poll(() => server.summary()).toMatchObject({ granted: 1, answersLost: 1, inFlight: 0 });
  });

  test("a wait that is in vain says what it saw", async () => {
    const { server } = await setup();
    await expect(server.arrived({ atLeast: 2, timeoutMs: 10 })).rejects.toThrow(
      "waited 10 ms for 2 requests of any family, saw 0",
    );
  });
});

test("an answer that a killed process never read is counted as lost", async () => {
  const { server, tokens } = await setup();
  // It blocks its own thread before the answer comes, which then stays in the kernel's buffer.
  const script = `
    const socket = require("node:net").connect(Number(process.argv[1]), "127.0.0.1");
    const body = "grant_type=refresh_token&refresh_token=" + process.argv[2];
    socket.write("POST /token HTTP/1.1\\r\\nhost: x\\r\\ncontent-length: " + body.length + "\\r\\n\\r\\n" + body, () => {
      require("node:fs").writeSync(1, "blocked");
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
    });
  `;
  const gate = await server.hold();
  const child = spawn(process.execPath, ["-e", script, new URL(server.url).port, tokens.refreshToken]);
  await once(child.stdout, "data");
  await server.holding({ id: gate });
  await server.release();
  await expect.poll(async () => (await server.presentations())[0]?.answer).toBe("sent");
  const exited = once(child, "exit");
  child.kill("SIGKILL");
  await exited;
  await expect.poll(() => server.summary()).toMatchObject({ granted: 1, answersLost: 1 });
});

test("authorize answers at once with a code that is good once and bound to its verifier", async () => {
  const { server } = await setup();
  const query = new URLSearchParams({
    redirect_uri: "http://127.0.0.1/callback",
    state: "s1",
    code_challenge: "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
    code_challenge_method: "S256",
  });
  const codeOf = async () => {
    const response = await fetch(`${server.authorizeUrl}?${query}`, { redirect: "manual" });
    return new URL(response.headers.get("location") ?? "").searchParams;
  };
  const exchange = async (code: string, verifier: string) => {
    const body = {
      grant_type: "authorization_code",
      code,
      code_verifier: verifier,
      redirect_uri: "http://127.0.0.1/callback",
    };
    return (await fetch(server.tokenUrl, { method: "POST", body: new URLSearchParams(body) })).status;
  };
  const verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"; // RFC 7636 appendix B
  const params = await codeOf();
  expect(params.get("state")).toBe("s1");
  const code = params.get("code") ?? "";
  expect(await exchange(code, verifier)).toBe(200);
  expect(await exchange(code, verifier)).toBe(400);
  expect(await exchange((await codeOf()).get("code") ?? "", "wrong")).toBe(400);
  await server.setAuthorize({ error: "access_denied" });
  expect((await codeOf()).get("error")).toBe("access_denied");
});

test("as a process of its own it is used in the same way, and is fast", async () => {
  const server = await startTokenServerProcess({ marker: "own" });
  started.push(server);
  const sets = await server.issue({ count: 2000 });
  const agent = new Agent({ keepAlive: true, maxSockets: 20 });
  const post = (refreshToken: string) =>
    new Promise<number>((resolve, reject) => {
      const request = httpRequest(server.tokenUrl, { method: "POST", agent }, (response) => {
        response.resume().once("end", () => resolve(response.statusCode ?? 0));
      });
      request.once("error", reject);
      request.end(`grant_type=refresh_token&refresh_token=${refreshToken}`);
    });
  const statuses = await Promise.all(sets.map(({ refreshToken }) => post(refreshToken)));
  agent.destroy();
  expect(new Set(statuses)).toEqual(new Set([200]));
  const gate = await server.hold();
  const asked = refresh(server, (await server.issue())[0]?.refreshToken ?? "");
  await server.holding({ id: gate });
  await server.arrived({ atLeast: 2001 });
  await server.release(gate);
  expect((await asked).status).toBe(200);
  await expect(server.revokeFamily("nobody")).rejects.toThrow("no family nobody");
  expect(await server.summary()).toMatchObject({
    requests: 2001,
    granted: 2001,
    answersLost: 0,
    families: { revoked: 0 },
  });
  const port = Number(new URL(server.url).port);
  await server.stop();
  started.pop();
  const socket = connect(port, "127.0.0.1");
  await expect(once(socket, "connect")).rejects.toThrow("ECONNREFUSED");
});
