import { createCipheriv, randomBytes } from "node:crypto";
import { beforeAll, describe, expect, test } from "vitest";
import { consent, publicUrl } from "../support/connect-rig.ts";
import { lies } from "../support/token-server.ts";
import { type Conformance, errorOf, kinds, startConformance } from "./conformance.ts";

let all: Conformance;
beforeAll(async () => {
  all = await startConformance({ QUICK_RETRY_MS: "60000", QUICK_RETRY_CAP_MS: "60000" });
});

const returnUrl = "https://app.example/done";

test("both see the same, dates as dates and no token", async () => {
  const { rig } = all;
  const { id } = await rig.connect({ userId: "same", displayName: "Ada's", scopes: ["other"] });
  const { id: refreshed } = await rig.connect();
  await rig.client.refresh(refreshed);
  const [embedded, remote] = kinds.map((kind) => all.client(kind));
  if (embedded === undefined || remote === undefined) throw new Error("there are two kinds");
  const view = await embedded.connections.get(id);
  expect(view).toMatchObject({ displayName: "Ada's", missingScopes: ["profile"], updatedAt: expect.any(Date) });
  expect(await remote.connections.get(id)).toEqual(view);
  expect(await remote.connections.get({ userId: "same", provider: "acme" })).toEqual(view);
  expect(await remote.connections.list({ userId: "same" })).toEqual([view]);
  const log = await embedded.connections.log(refreshed);
  expect(log).toMatchObject([{ trigger: "manual", outcome: "granted", success: true, createdAt: expect.any(Date) }]);
  expect(await remote.connections.log(refreshed)).toEqual(log);
  expect(await remote.health("same")).toEqual(await embedded.health("same"));
  expect(JSON.stringify(view)).not.toContain("canary");
});

describe.each(kinds)("%s", (kind) => {
  test("a token set is imported, again, and over what is stored", async () => {
    const client = all.client(kind);
    const input = {
      ...{
        userId: `import ${kind}`,
        provider: "acme",
        externalAccountId: "a",
        accessToken: "Bearer at-1",
        refreshToken: `rt-${kind}`,
      },
      ...{ expiresAt: new Date(Date.now() + 3_600_000), metadata: { shopName: "north" }, userEmail: "ada@example.com" },
    };
    const first = await client.connections.import(input);
    expect(first).toEqual({
      ...{ id: expect.any(String), generation: 1, reconnected: false, scheduled: true, skipped: null },
      ...{ nextRefreshAt: expect.any(Date), warnings: [expect.stringMatching(/^accessToken: "Bearer"/)] },
    });
    expect(await all.rig.row(first.id)).toMatchObject({ metadata: { shopName: "north" }, expires_at: input.expiresAt });
    expect(await client.getAccessToken(first.id)).toMatchObject({ accessToken: "at-1" });
    expect(await client.connections.import(input)).toMatchObject({
      id: first.id,
      generation: 1,
      skipped: "same_tokens",
    });
    const over = await client.connections.import({ ...input, accessToken: "at-2", overwrite: true });
    expect(over).toMatchObject({ id: first.id, generation: 2, reconnected: true });
    expect(await client.getAccessToken(first.id)).toMatchObject({ accessToken: "at-2" });
  });

  test("one that another system encrypted is imported", async () => {
    const key = randomBytes(32);
    const iv = randomBytes(16);
    const cipher = createCipheriv("aes-256-gcm", key, iv);
    const body = Buffer.concat([cipher.update("at-legacy"), cipher.final()]);
    const accessToken = [iv, cipher.getAuthTag(), body].map((part) => part.toString("hex")).join(":");
    const client = all.client(kind);
    const { id } = await client.connections.import({
      ...{ userId: `legacy ${kind}`, provider: "acme", accessToken, encrypted: true, legacyKey: key.toString("hex") },
      ...{ expiresAt: "never", refreshToken: null },
    });
    expect(await client.getAccessToken(id)).toMatchObject({ accessToken: "at-legacy", expiresAt: null });
  });

  test("what cannot be imported is refused by the names of its fields", async () => {
    const { connections } = all.client(kind);
    const right = { userId: "u", provider: "acme", accessToken: "a" };
    const dates = await errorOf(() => connections.import({ ...right, expiresAt: "tomorrow", userEmail: "nobody" }));
    expect(dates).toMatchObject({
      code: "invalid_input",
      message: expect.stringMatching(/^(?=.*expiresAt: )(?=.*userEmail: )/),
    });
    expect((await errorOf(() => connections.import({ ...right, userId: "" }))).code).toBe("invalid_input");
    expect((await errorOf(() => connections.import({ ...right, provider: "nobody" }))).code).toBe("unknown_provider");
    const typo = { ...right, refreshTokn: "canary-typo" };
    const refused = await errorOf(() => connections.import(typo));
    expect(refused.code).toBe("invalid_input");
    expect(refused.message).not.toContain("canary-typo");
    const { refreshToken } = await all.rig.connect();
    expect((await errorOf(() => connections.import({ ...right, refreshToken }))).code).toBe("grant_in_use");
  });

  test("lists come in pages, by filter", async () => {
    const { connections } = all.client(kind);
    const userId = `list ${kind}`;
    for (let i = 0; i < 3; i++) await all.rig.connect({ userId });
    const [first, ...rest] = await connections.list({ userId });
    expect(rest).toHaveLength(2);
    expect(await connections.list({ userId, limit: 1 })).toEqual([first]);
    expect(await connections.list({ userId, after: first?.id ?? "", limit: 5000 })).toEqual(rest);
    const soon = new Date(Date.now() + 60_000);
    expect(await connections.list({ userId, expiresBefore: soon })).toEqual([]);
    expect(await connections.list({ userId, provider: "acme", status: "connected" })).toHaveLength(3);
    expect((await errorOf(() => connections.list({ after: "no id" }))).code).toBe("invalid_input");
    expect((await errorOf(() => connections.list({ limit: 1.5 }))).code).toBe("invalid_input");
  });

  test("tags come with an import, are changed, and found; of a known account they are added to", async () => {
    const { connections } = all.client(kind);
    const [mine, other] = [`t-${kind === "embedded" ? "lib" : "http"}`, `o-${kind === "embedded" ? "lib" : "http"}`];
    const input = {
      userId: `tags ${kind}`,
      provider: "acme",
      accessToken: "a",
      refreshToken: `rt-tags-${kind}`,
      expiresIn: 3600,
      tags: [other, mine, other],
    };
    const { id } = await connections.import(input);
    expect((await connections.get(id)).tags).toEqual([other, mine]);
    const changed = await connections.update(id, { addTags: ["gold", "region:eu"], removeTags: [other] });
    expect(changed).toMatchObject({ id, generation: 1, tags: ["gold", "region:eu", mine] });
    expect(await connections.list({ tag: mine })).toEqual([changed]);
    expect(await connections.list({ tag: other })).toEqual([]);
    expect(await connections.import({ ...input, tags: ["skipped"] })).toMatchObject({ skipped: "same_tokens" });
    expect((await connections.get(id)).tags).toEqual(changed.tags);
    await connections.import({ ...input, tags: [other], overwrite: true });
    expect((await connections.get(id)).tags).toEqual(["gold", other, "region:eu", mine]);
    expect((await connections.update(id, { tags: [] })).tags).toEqual([]);
    const twenty = Array.from({ length: 20 }, (_, n) => `n${n}`);
    await connections.update(id, { tags: twenty });
    for (const [change, field] of [
      [{ addTags: ["one-more"] }, "addTags"],
      [{ tags: ["No"] }, "tags.0"],
      [{ tags: ["a", "with space"] }, "tags.1"],
      [{ removeTags: ["-"] }, "removeTags.0"],
      [{ tags: [...twenty, "x"] }, "tags"],
      [{ addTags: ["x".repeat(51)] }, "addTags.0"],
    ] as const) {
      const refused = await errorOf(() => connections.update(id, { ...change } as object));
      expect(refused).toMatchObject({ code: "invalid_input", message: expect.stringContaining(`${field}: `) });
    }
    expect((await connections.get(id)).tags).toEqual(twenty.sort());
    await connections.import({ ...input, tags: ["no-room"], overwrite: true });
    expect((await connections.get(id)).tags).toEqual(twenty);
    expect(await errorOf(() => connections.list({ tag: "A b" }))).toMatchObject({ code: "invalid_input" });
    const nobody = "00000000-0000-4000-8000-000000000000";
    expect((await errorOf(() => connections.update(nobody, { tags: [] }))).code).toBe("connection_not_found");
    const { rows } = await all.rig.pool.query(
      "SELECT count(*)::int AS n FROM connection_tags WHERE connection_id = $1",
      [id],
    );
    expect(rows).toEqual([{ n: 20 }]);
  });

  test("an account is disconnected once, and then there is nothing to get", async () => {
    const client = all.client(kind);
    const userId = `gone ${kind}`;
    const { id } = await all.rig.connect({ userId });
    await client.getAccessToken(id);
    await client.getAccessToken({ userId, provider: "acme" });
    expect(await client.connections.disconnect(id)).toBe(true);
    expect(await client.connections.disconnect(id)).toBe(false);
    for (const target of [id, { userId, provider: "acme" }]) {
      expect(await errorOf(() => client.getAccessToken(target))).toMatchObject({
        code: "disconnected",
        consentHelps: true,
      });
    }
    expect((await errorOf(() => client.sync(id))).code).toBe("disconnected");
    expect(await client.health(userId)).toEqual([
      {
        provider: "acme",
        connectionId: id,
        connected: false,
        healthy: false,
        needsReconnect: true,
        status: "disconnected",
      },
    ]);
  });

  test("a sync is asked for, with the queue that runs it", async () => {
    const client = all.client(kind);
    const { id } = await all.rig.connect();
    expect(await client.sync(id)).toEqual({ connectionId: id, status: "pending", queue: "sync" });
    expect(await client.connections.get(id)).toMatchObject({ lastSyncStatus: "pending" });
  });

  test("an account is connected, in the browser that asked for it only", async () => {
    const { connect } = all.client(kind);
    const binding = randomBytes(16).toString("hex");
    const order = {
      userId: `connect ${kind}`,
      provider: "acme",
      returnUrl,
      redirectUri: `${returnUrl}/callback`,
      binding,
      tags: ["new"],
    };
    const begun = await connect.authorize(order);
    expect(begun).toEqual({ url: expect.any(String), state: expect.any(String), expiresAt: expect.any(Date) });
    const answer = await consent(begun);
    const foreign = await connect.complete({ ...answer, binding: "b".repeat(32) });
    expect(foreign).toMatchObject({ kind: "refused", code: "state_invalid", message: expect.any(String) });
    const again = await connect.authorize(order);
    const done = { ...(await consent(again)), binding };
    const connected = await connect.complete(done);
    expect(connected).toEqual({
      ...{ kind: "connected", connectionId: expect.any(String), provider: "acme", returnUrl },
      ...{ reconnected: false, missingScopes: [] },
    });
    expect(await connect.complete(done)).toEqual(connected);
    expect((await all.client(kind).connections.list({ userId: order.userId }))[0]?.tags).toEqual(["new"]);
    expect((await errorOf(() => connect.authorize({ ...order, tags: ["No"] }))).message).toContain("tags.0: ");
    const refused = await connect.complete({ state: "nobody's", error: "access_denied" });
    expect(refused).toEqual({ kind: "refused", code: "state_invalid", message: expect.any(String), returnUrl: null });
  });

  test("the API's own callback is the default, and what is not allowed is refused", async () => {
    const { connect } = all.client(kind);
    const { url } = await connect.authorize({ userId: "u", provider: "acme", returnUrl, confirm: true });
    expect(url).toMatch(`${publicUrl}/connect/go/`);
    const silent = await errorOf(() => connect.authorize({ userId: "u", provider: "acme", returnUrl }));
    expect(silent).toMatchObject({
      code: "confirmation_needed",
      message: expect.stringContaining("CONNECT_CONFIRM=off"),
    });
    const nobodys = await connect.confirm({ confirmation: "nobody's" }, { userId: "u" });
    expect(nobodys).toMatchObject({ kind: "refused", code: "confirmation_unknown", returnUrl: null });
    const evil = { userId: "u", provider: "acme", returnUrl: "https://evil.example" };
    expect(await errorOf(() => connect.authorize(evil))).toMatchObject({
      ...{ code: "invalid_input", message: expect.stringContaining("returnUrl") },
    });
    expect((await errorOf(() => connect.authorize({ ...evil, provider: "nobody" }))).code).toBe("unknown_provider");
    const link = await connect.link({ userId: "u", returnUrl, providers: ["acme"], ttlSeconds: 60 });
    expect(link).toMatch(/\/connect\?link=/);
    expect((await errorOf(() => connect.link({ userId: "u", ttlSeconds: 1 }))).code).toBe("invalid_input");
    expect(await connect.link({ userId: "u", userName: "U", confirm: true, returnUrl })).toMatch(/\/connect\?link=/);
    expect(await errorOf(() => connect.link({ userId: "u", confirm: true }))).toMatchObject({
      ...{ code: "invalid_input", message: expect.stringContaining("returnUrl") },
    });
    expect((await errorOf(() => connect.link({ userId: "u", userName: "a\nb" }))).message).toContain("userName");
    const [first, again] = [await connect.endSessions("u"), await connect.endSessions("u")];
    expect(again.endedAt.getTime()).toBeGreaterThanOrEqual(first.endedAt.getTime());
    expect((await errorOf(() => connect.endSessions(" "))).code).toBe("invalid_input");
  });

  test("all that end soon are refreshed by the workers, with a count of what failed", async () => {
    const client = all.client(kind);
    await all.rig.pool.query("UPDATE connections SET next_refresh_at = NULL, expires_at = NULL");
    const soon = await Promise.all(Array.from({ length: 5 }, () => all.rig.connect({ expiresIn: 3600 })));
    await all.rig.server.behave(lies.serverError, { family: soon[0]?.family ?? "" });
    const dry = await client.refreshAllExpiring({ dryRun: true, withinMs: 7_200_000 });
    expect(dry).toMatchObject({ total: 5, refreshed: 0, failed: 0, skipped: 0, pending: 5, failedIds: [] });
    expect([...dry.connectionIds].sort()).toEqual(soon.map(({ id }) => id).sort());
    expect((await client.refreshAllExpiring({ dryRun: true, withinMs: 60_000 })).total).toBe(0);
    expect((await client.refreshAllExpiring({ dryRun: true, withinMs: null })).total).toBe(5);
    const nothing = await errorOf(() => client.refreshAllExpiring({ dryRun: true, withinMs: Number.NaN }));
    expect(nothing).toMatchObject({ code: "invalid_input", message: expect.stringContaining("withinMs: ") });
    const worker = await all.rig.start("worker");
    const seen: number[] = [];
    const report = await client.refreshAllExpiring({
      onProgress: ({ pending }) => seen.push(pending),
      timeoutMs: 20_000,
    });
    expect(report).toMatchObject({ total: 5, refreshed: 4, failed: 1, pending: 0, failedIds: [soon[0]?.id] });
    expect(seen.at(-1)).toBe(0);
    await worker.stop();
    await expect(client.refreshAllExpiring({ signal: AbortSignal.abort(new Error("enough")) })).rejects.toThrow(
      "enough",
    );
  }, 60_000);
});
