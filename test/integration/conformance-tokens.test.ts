import { inspect } from "node:util";
import { beforeAll, describe, expect, test } from "vitest";
import { patch } from "../support/drive.ts";
import { lies } from "../support/token-server.ts";
import { type Conformance, errorOf, kinds, startConformance } from "./conformance.ts";

let all: Conformance;
beforeAll(async () => {
  all = await startConformance();
});

const unknown = "0f6f5e0c-6d3c-4b51-9a53-5d8c0f3a2b11";

type Method = (...given: unknown[]) => Promise<unknown>;
type Methods = Record<string, Method>;

const within = (group: string, methods: unknown): Methods =>
  Object.fromEntries(Object.entries(methods as Methods).map(([name, method]) => [`${group}.${name}`, method]));

const meant = "a connection is meant by its id";
const targets = [null, undefined, 7, {}, { userId: "u", provider: null }, { userId: 7, provider: "acme" }, []];
const noTarget = targets.map((target) => [meant, target] as const);
const noText = [null, undefined, 7, {}];
const noObject = [null, undefined, "x", 7];

/** Of each method what it cannot be called with, and the words that say what to give. */
const unfit: Readonly<Record<string, readonly (readonly [words: string, ...given: unknown[]])[]>> = {
  getAccessToken: [
    ...noTarget,
    ...[null, "60", 60].map(
      (options) => ["options: needs an object with any of minTtlSeconds", unknown, options] as const,
    ),
    ["minTtlSeconds: needs a number", unknown, { minTtlSeconds: "60" }],
    ["scopes: needs a list of texts", unknown, { scopes: "mail.read" }],
    ["refusedGeneration: needs a number", unknown, { refusedGeneration: null }],
  ],
  withAccessToken: [
    ...noTarget.map(([words, target]) => [words, target, async () => 1] as const),
    ["call: needs a function", unknown],
    ["options: needs an object", unknown, async () => 1, null],
    ["isUnauthorized: needs a function", unknown, async () => 1, { isUnauthorized: 401 }],
  ],
  refresh: [
    ...noTarget,
    ["options: needs an object", unknown, null],
    ["force: needs true or false; generation: needs a number", unknown, { force: 1, generation: "1" }],
  ],
  scheduleNow: [...noTarget, ["options: needs an object", unknown, null], ["force: ", unknown, { force: null }]],
  scheduleNextRefresh: noTarget,
  refreshAllExpiring: [
    ["options: needs an object", null],
    ["withinMs: needs a number, or null", { withinMs: "1h" }],
    ["onProgress: needs a function", { onProgress: true, dryRun: true }],
  ],
  tokenStatus: noTarget,
  health: noText.map((userId) => ["userId: needs a text", userId]),
  sync: noText.map((id) => [meant, id]),
  "connect.authorize": noObject.map((input) => ["input: needs an object", input]),
  "connect.complete": noObject.map((answer) => ["answer: needs an object", answer]),
  "connect.confirm": [
    ...[null, undefined, 7].map((query) => ["query: needs the query", query, { userId: "u" }] as const),
    ...[...noObject, {}].map((input) => ["input: needs { userId }", "confirmation=x", input] as const),
  ],
  "connect.link": noObject.map((input) => ["input: needs an object", input]),
  "connect.endSessions": noText.map((userId) => ["userId: needs a text", userId]),
  "connections.list": [
    ["filter: needs an object", null],
    ["expiresBefore: needs a Date", { expiresBefore: "2026-01-01" }],
    ["limit: needs a number", { limit: "10" }],
  ],
  "connections.get": noTarget,
  "connections.import": noObject.map((input) => ["input: needs an object", input]),
  "connections.update": [
    ...noText.map((id) => [meant, id, { tags: [] }] as const),
    ...noObject.map((change) => ["change: needs an object", unknown, change] as const),
  ],
  "connections.disconnect": noText.map((id) => [meant, id]),
  "connections.log": [...noText.map((id) => [meant, id] as const), ["limit: needs a number", unknown, null]],
  close: [],
};

describe.each(kinds)("%s", (kind) => {
  test("a token is had by the connection's id and by whose it is", async () => {
    const client = all.client(kind);
    const { id, accessToken } = await all.rig.connect({ userId: `a user/ü ${kind}` });
    const token = await client.getAccessToken(id);
    expect(token).toEqual({
      ...{ accessToken, tokenType: "Bearer", connectionId: id, generation: 1, scopes: ["profile"], warning: null },
      ...{ expiresAt: expect.any(Date), refreshAt: expect.any(Date) },
    });
    expect(token.refreshAt?.getTime()).toBeLessThan(token.expiresAt?.getTime() ?? 0);
    expect(await client.getAccessToken({ userId: `a user/ü ${kind}`, provider: "acme" })).toEqual(token);
    expect(await client.getAccessToken(id.toUpperCase())).toEqual(token);
  });

  test("one that has ended, or lives too short, is refreshed", async () => {
    const client = all.client(kind);
    const [ended, short] = [await all.rig.connect(), await all.rig.connect({ expiresIn: 600 })];
    await patch(all.rig, ended.id, "expires_at = now() - interval '1 minute'");
    expect(await client.getAccessToken(ended.id)).toMatchObject({ generation: 2, warning: null });
    expect(await client.getAccessToken(short.id)).toMatchObject({ generation: 1 });
    expect(await client.getAccessToken(short.id, { minTtlSeconds: 700 })).toMatchObject({ generation: 2 });
  });

  test("an old token is served with a warning, and not kept, when its refresh fails while it lives", async () => {
    const client = all.client(kind);
    const { id, accessToken, family } = await all.rig.connect({ expiresIn: 600 });
    await all.rig.server.behave(lies.serverError, { family });
    const warning = { code: "provider_unavailable", message: expect.any(String) };
    expect(await client.getAccessToken(id, { minTtlSeconds: 700 })).toMatchObject({ accessToken, warning });
    await patch(all.rig, id, "expires_at = now() - interval '1 minute'");
    expect(await errorOf(() => client.refresh(id))).toMatchObject({
      ...{ name: "EvertokenError", code: "provider_unavailable", retryAt: expect.any(Date) },
      ...{ reconnectUrl: null, consentHelps: false },
    });
  });

  test("scopes that were not granted, and a user who has to reconnect, are told with where to go", async () => {
    const client = all.client(kind);
    const { id } = await all.rig.connect({ userId: "ada" });
    expect(await client.getAccessToken(id, { scopes: ["profile"] })).toMatchObject({ generation: 1 });
    const reconnectUrl = "https://app.example/reconnect/acme?user=ada";
    const consent = { consentHelps: true, reconnectUrl, retryAt: null };
    const missing = await errorOf(() => client.getAccessToken(id, { scopes: ["profile", "mail.read"] }));
    expect(missing).toMatchObject({ code: "insufficient_scope", ...consent });
    expect(missing.message).toContain("mail.read");
    await patch(
      all.rig,
      id,
      "status = 'needs_reauth', expires_at = now() - interval '1 minute', last_error_code = 'refresh_token_expired'",
    );
    const fresh = all.client(kind);
    expect(await errorOf(() => fresh.getAccessToken(id))).toMatchObject({ code: "refresh_token_expired", ...consent });
    expect(await errorOf(() => fresh.scheduleNow(id))).toMatchObject({
      code: "refresh_token_expired",
      consentHelps: true,
    });
  });

  test("a hundred callers whose token the API refuses cause one refresh", async () => {
    const client = all.client(kind);
    const { id, accessToken, family } = await all.rig.connect();
    await all.rig.server.invalidateAccessToken(accessToken);
    const call = (token: { accessToken: string }) =>
      fetch(all.rig.server.identityUrl, { headers: { authorization: `Bearer ${token.accessToken}` } });
    const answers = await Promise.all(Array.from({ length: 100 }, () => client.withAccessToken(id, call)));
    expect(answers.map(({ status }) => status)).toEqual(Array(100).fill(200));
    expect(await all.rig.server.presentations({ family })).toHaveLength(1);
    expect(await all.rig.log(id)).toMatchObject([{ trigger: "on_demand", outcome: "granted" }]);
  });

  test("an error with a status of 401 counts like an answer; any other is passed on, and so is a 401 that does not go away", async () => {
    const client = all.client(kind);
    const { id, accessToken, family } = await all.rig.connect();
    const thrown = await client.withAccessToken(id, async (token) => {
      if (token.accessToken === accessToken) throw Object.assign(new Error("no"), { response: { statusCode: 401 } });
      return token.generation;
    });
    expect(thrown).toBe(2);
    const own = client.withAccessToken(id, async () => {
      throw new Error("my own trouble");
    });
    await expect(own).rejects.toThrow("my own trouble");
    for (let i = 0; i < 5; i++) {
      expect(await client.withAccessToken(id, async () => ({ status: 401, i }))).toEqual({ status: 401, i });
    }
    const mine = { isUnauthorized: (answer: unknown) => answer === "refused" };
    expect(await client.withAccessToken(id, async () => "refused", mine)).toBe("refused");
    expect(await all.rig.server.presentations({ family })).toHaveLength(1);
  });

  test("where no later token is to be had, the API's own answer is passed on", async () => {
    const client = all.client(kind);
    const pat = await client.connections.import({
      userId: `pat ${kind}`,
      provider: "github-pat",
      accessToken: "ghp_x",
    });
    expect(await client.withAccessToken(pat.id, async () => ({ status: 401 }))).toEqual({ status: 401 });
    const { id, family } = await all.rig.connect();
    await all.rig.server.revokeFamily(family);
    expect(await client.withAccessToken(id, async () => ({ status: 401 }))).toEqual({ status: 401 });
    expect(await all.rig.row(id)).toMatchObject({ status: "needs_reauth" });
  });

  test("a later token than the refused one is served without a refresh where there is one", async () => {
    const [one, other] = [all.client(kind), all.client(kind)];
    const { id, family } = await all.rig.connect();
    expect(await one.getAccessToken(id)).toMatchObject({ generation: 1 });
    expect(await other.refresh(id)).toMatchObject({ generation: 2, warning: null });
    expect(await one.getAccessToken(id, { refusedGeneration: 1 })).toMatchObject({ generation: 2 });
    expect(await one.getAccessToken(id)).toMatchObject({ generation: 2 });
    expect(await one.refresh(id, { generation: 1 })).toMatchObject({ generation: 2 });
    expect(await all.rig.server.presentations({ family })).toHaveLength(1);
    expect(await one.refresh(id, { generation: 2, force: true })).toMatchObject({ generation: 3 });
  });

  test("jobs are moved, and what needs none says so", async () => {
    const client = all.client(kind);
    const { id } = await all.rig.connect({ userId: `jobs ${kind}` });
    const mine = { userId: `jobs ${kind}`, provider: "acme" };
    const next = await client.scheduleNextRefresh(id);
    expect(next?.dueAt.getTime()).toBeGreaterThan(Date.now() + 60_000);
    const status = await client.tokenStatus(mine);
    expect(status).toEqual({
      ...{ connectionId: id, provider: "acme", status: "connected", token: "valid", errorCode: null },
      ...{ expiresAt: expect.any(Date), expiresInSeconds: expect.any(Number), lastRefreshAt: null },
      ...{ nextRefreshAt: next?.dueAt, job: { id: `${id}-1`, state: "delayed", dueAt: expect.any(Date) } },
    });
    const now = await client.scheduleNow(mine);
    expect(now).toEqual({ connectionId: id, generation: 1, jobId: `${id}-1`, dueAt: expect.any(Date) });
    expect(now.dueAt.getTime()).toBeLessThan(Date.now() + 1000);
    const key = await client.connections.import({
      userId: "u",
      provider: "acme",
      accessToken: "a",
      authType: "api_key",
    });
    expect(await client.scheduleNextRefresh(key.id)).toBeNull();
    expect(await errorOf(() => client.scheduleNow(key.id))).toMatchObject({ code: "not_refreshable" });
    expect(await client.tokenStatus(key.id)).toMatchObject({
      token: "no_expiry_set",
      job: null,
      expiresInSeconds: null,
    });
    expect(await client.getAccessToken(key.id)).toMatchObject({ accessToken: "a", expiresAt: null, refreshAt: null });
  });

  test("what makes no sense, or is not there, is refused with the same code by every method", async () => {
    const client = all.client(kind);
    const noUser = { userId: "", provider: "acme" };
    const nobody = { userId: "nobody", provider: "acme" };
    const calls: [string, () => Promise<unknown>][] = [
      ["connection_not_found", () => client.getAccessToken(unknown)],
      ["connection_not_found", () => client.getAccessToken("no id")],
      ["connection_not_found", () => client.getAccessToken(nobody)],
      ["invalid_input", () => client.getAccessToken(noUser)],
      ["invalid_input", () => client.getAccessToken(undefined as never)],
      ["invalid_input", () => client.getAccessToken(unknown, { minTtlSeconds: -1 })],
      ["connection_not_found", () => client.withAccessToken(unknown, async () => 1)],
      ["connection_not_found", () => client.refresh(unknown)],
      ["connection_not_found", () => client.refresh(nobody)],
      ["connection_not_found", () => client.scheduleNow(nobody)],
      ["connection_not_found", () => client.scheduleNextRefresh("no id")],
      ["connection_not_found", () => client.tokenStatus(unknown)],
      ["connection_not_found", () => client.sync(unknown)],
      ["connection_not_found", () => client.connections.get(unknown)],
      ["connection_not_found", () => client.connections.disconnect("no id")],
    ];
    for (const [code, call] of calls) {
      expect(await errorOf(call), String(call)).toMatchObject({ name: "EvertokenError", code, consentHelps: false });
    }
  });

  test("what is no argument at all is refused by its name, by every method", async () => {
    const { connect, connections, ...client } = all.client(kind) as unknown as Methods;
    const methods: Methods = { ...client, ...within("connect", connect), ...within("connections", connections) };
    expect(Object.keys(unfit).sort()).toEqual(Object.keys(methods).sort());
    for (const [method, calls] of Object.entries(unfit)) {
      for (const [words, ...given] of calls) {
        const refused = await errorOf(async () => (methods[method] as Method)(...given));
        const expected = { name: "EvertokenError", code: "invalid_input", message: expect.stringContaining(words) };
        expect(refused, `${method}(${given.map((each) => inspect(each)).join(", ")})`).toMatchObject(expected);
      }
    }
  });

  test("a client that was closed takes nothing new, and none shows a token when it is looked into", async () => {
    const client = all.client(kind);
    const { id, accessToken } = await all.rig.connect();
    await client.getAccessToken(id);
    expect(inspect(client, { depth: 10, showHidden: true })).not.toContain(accessToken);
    if (kind === "embedded") return; // It is the rig's own.
    await client.close();
    expect(await errorOf(() => client.getAccessToken(id))).toMatchObject({ code: "closing" });
    expect(await errorOf(() => client.connections.list())).toMatchObject({ code: "closing" });
  });
});
