import { createHash } from "node:crypto";
import { createServer } from "node:net";
import { createEvertoken } from "@evertoken/engine";
import { expect, test } from "vitest";
import { patch } from "../support/drive.ts";
import { createRig, type Env, hasty } from "../support/rig.ts";
import { onFileEnd } from "../support/services.ts";
import { startTokenCaller } from "../support/token-caller.ts";
import { lies } from "../support/token-server.ts";

/** An address where nobody listens. */
async function closedPort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

function clientWith(env: Env) {
  const client = createEvertoken({ settings: env });
  onFileEnd(() => client.close());
  return client;
}

const sha256 = (token: string) => createHash("sha256").update(token).digest("hex");

test("a thousand calls from four processes for one expired token cause one request, and all get its result", async () => {
  const rig = await createRig();
  const callers = await Promise.all(Array.from({ length: 4 }, () => startTokenCaller(rig.env)));
  const { id, accessToken } = await rig.connect();
  await patch(rig, id, "expires_at = now() - interval '1 second'");
  await rig.server.configure({ latencyMs: 500 }); // time for all to want it at once
  const answers = await Promise.all(callers.map((call) => call(id, 250)));
  expect(answers.flatMap(({ errors }) => errors)).toEqual([]);
  const tokens = answers.flatMap((answer) => answer.tokens);
  expect(tokens).toHaveLength(1000);
  expect(new Set(tokens)).toEqual(new Set([sha256((await rig.client.getAccessToken(id)).accessToken)]));
  expect(tokens[0]).not.toBe(sha256(accessToken));
  expect(await rig.server.summary()).toMatchObject({ requests: 1, granted: 1, overlapping: 0 });
  expect(await rig.log(id)).toMatchObject([{ outcome: "granted", trigger: "on_demand" }]);
  expect(await rig.row(id)).toMatchObject({ generation: 2 });
});

test("without Redis and without workers a stale token is refreshed all the same, and within its time", async () => {
  const rig = await createRig();
  const client = clientWith({ ...rig.env, REDIS_URL: `redis://127.0.0.1:${await closedPort()}` });
  let id = "";
  // Several times: a connection that has failed for a while answers more slowly that it is away.
  for (let i = 0; i < 5; i++) {
    id = (await rig.connect()).id;
    await patch(rig, id, "expires_at = now()");
    const started = Date.now();
    expect(await client.getAccessToken(id)).toMatchObject({ generation: 2, warning: null });
    expect(Date.now() - started).toBeLessThan(1500);
  }
  expect(await client.tokenStatus(id)).toMatchObject({ token: "valid", job: "unknown" });
  await expect(client.scheduleNow(id)).rejects.toMatchObject({ code: "queue_unavailable" });
  const imported = await client.connections.import({
    userId: "u",
    provider: "acme",
    accessToken: "a",
    refreshToken: "r",
  });
  expect(imported.scheduled).toBe(false);
  expect(await client.connections.disconnect(imported.id)).toBe(true);
});

test("without Redis a refresh that was cut short cannot be settled: that is said, and a token that lives is served", async () => {
  const rig = await createRig();
  const client = clientWith({ ...rig.env, REDIS_URL: `redis://127.0.0.1:${await closedPort()}` });
  const abandoned =
    "lease_owner = 'takeover:dead', lease_until = now() - interval '1 second', lease_started_at = now()";
  const [ended, lives] = [await rig.connect(), await rig.connect()];
  await patch(rig, ended.id, `expires_at = now(), ${abandoned}`);
  await patch(rig, lives.id, `expires_at = now() + interval '20 seconds', ${abandoned}`);
  const refused = client.getAccessToken(ended.id);
  await expect(refused).rejects.toMatchObject({ code: "queue_unavailable", message: expect.stringContaining("Redis") });
  const served = await client.getAccessToken(lives.id);
  expect(served).toMatchObject({ accessToken: lives.accessToken, warning: { code: "queue_unavailable" } });
  expect((await rig.server.summary()).requests).toBe(0);
});

test("without Postgres every call fails fast and says so", async () => {
  const rig = await createRig();
  const client = clientWith({ ...rig.env, DATABASE_URL: `postgresql://u:s3cret@127.0.0.1:${await closedPort()}/db` });
  const id = "0f6f5e0c-6d3c-4b51-9a53-5d8c0f3a2b11";
  const started = Date.now();
  const calls = [
    () => client.getAccessToken(id),
    () => client.getAccessToken({ userId: "u", provider: "acme" }),
    () => client.withAccessToken(id, async () => 1),
    () => client.refresh(id),
    () => client.scheduleNow(id),
    () => client.scheduleNextRefresh(id),
    () => client.tokenStatus(id),
    () => client.health("u"),
    () => client.connections.list(),
    () => client.connections.get(id),
    () => client.connections.log(id),
    () => client.connections.disconnect(id),
    () => client.connections.import({ userId: "u", provider: "acme", accessToken: "a" }),
    () => client.refreshAllExpiring(),
  ];
  for (const call of calls) {
    const error = await call().then(
      () => null,
      (reason: Error & { code?: string }) => reason,
    );
    expect(error).toMatchObject({ name: "EvertokenError", code: "store_unavailable" });
    expect(`${error?.message} ${error?.stack} ${String(error?.cause)}`).not.toContain("s3cret");
  }
  expect(Date.now() - started).toBeLessThan(5000);
});

test("while the old token lives it is served, with a warning when its refresh fails", async () => {
  const rig = await createRig({ env: hasty });
  const { id, accessToken } = await rig.connect({ expiresIn: 600 });
  await rig.server.behave(lies.serverError);
  expect(await rig.client.getAccessToken(id)).toMatchObject({ accessToken, warning: null });
  expect(await rig.client.getAccessToken(id, { minTtlSeconds: 700 })).toMatchObject({
    accessToken,
    warning: { code: "provider_unavailable" },
  });
  await patch(rig, id, "expires_at = now()");
  await expect(rig.client.refresh(id)).rejects.toMatchObject({
    code: "provider_unavailable",
    retryAt: expect.any(Date),
  });
});

test("callers that insist do not hammer a provider in trouble", async () => {
  const rig = await createRig();
  const { id } = await rig.connect();
  await patch(rig, id, "expires_at = now()");
  await rig.server.behave(lies.serverError);
  for (let i = 0; i < 20; i++) {
    await expect(rig.client.getAccessToken(id)).rejects.toMatchObject({ code: "provider_unavailable" });
  }
  expect((await rig.server.summary()).requests).toBe(1);
});

test("a wish for a longer life than the provider gives is one refresh, not one a call", async () => {
  const rig = await createRig();
  const { id, accessToken } = await rig.connect({ expiresIn: 1800 });
  expect(await rig.client.getAccessToken(id, { minTtlSeconds: 1000 })).toMatchObject({ accessToken });
  expect(await rig.client.getAccessToken(id, { minTtlSeconds: 1801 })).toMatchObject({ generation: 2 });
  for (let i = 0; i < 5; i++) {
    expect(await rig.client.getAccessToken(id, { minTtlSeconds: 7200 })).toMatchObject({ generation: 2 });
  }
  expect((await rig.server.summary()).requests).toBe(1);
  for (const minTtlSeconds of [Number.NaN, -1]) {
    await expect(rig.client.getAccessToken(id, { minTtlSeconds })).rejects.toMatchObject({ code: "invalid_input" });
  }
});

test("of several accounts of a user, one that works is meant", async () => {
  const rig = await createRig();
  const [first, second] = [await rig.connect({ userId: "u" }), await rig.connect({ userId: "u" })];
  const mine = { userId: "u", provider: "acme" };
  expect(await rig.client.getAccessToken(mine)).toMatchObject({ connectionId: second.id });
  await patch(rig, second.id, "status = 'needs_reauth'");
  expect(await rig.client.getAccessToken(mine)).toMatchObject({ connectionId: first.id });
  await expect(rig.client.getAccessToken({ userId: "u", provider: "hubspot" })).rejects.toMatchObject({
    code: "connection_not_found",
  });
});
