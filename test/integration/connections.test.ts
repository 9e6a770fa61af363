import { expect, test } from "vitest";
import { comesDue, events, liveJobs, patch } from "../support/drive.ts";
import { createRig, until } from "../support/rig.ts";

const fine = { userId: "u", provider: "acme", accessToken: "secret-access", refreshToken: "secret-refresh" };

// What no test of ours may let in: what is not there, too long, of another kind, impossible to store, or not asked for.
const bad: [string, Record<string, unknown> | null][] = [
  ["nothing", null],
  ["no user", { ...fine, userId: undefined }],
  ["an empty user", { ...fine, userId: " " }],
  ["a user of another kind", { ...fine, userId: 7 }],
  ["a long user", { ...fine, userId: "u".repeat(513) }],
  ["a user with NUL", { ...fine, userId: "u\0" }],
  ["half a character", { ...fine, userId: "u\ud800" }],
  ["no access token", { ...fine, accessToken: "" }],
  ["a huge token", { ...fine, refreshToken: "x".repeat(65_537) }],
  ["an impossible date", { ...fine, expiresAt: new Date(Number.NaN) }],
  ["a date in other words", { ...fine, expiresAt: "tomorrow" }],
  ["no lifetime", { ...fine, expiresIn: 0 }],
  ["a negative lifetime", { ...fine, expiresIn: -1 }],
  ["an endless lifetime", { ...fine, expiresIn: Number.POSITIVE_INFINITY }],
  ["scopes as text", { ...fine, scopes: "a b" }],
  ["metadata that is not text", { ...fine, metadata: { shop: { deep: 1 } } }],
  ["metadata with NUL", { ...fine, metadata: { shop: "a\0b" } }],
  ["a type that cannot be imported", { ...fine, authType: "derived" }],
  ["a field that is not known", { ...fine, acess_token: "x" }],
];

test("bad input is refused with every fault and no value, and changes nothing", async () => {
  const rig = await createRig();
  for (const [what, input] of bad) {
    const error = await rig.client.connections.import(input as never).then(
      () => null,
      (reason: Error) => reason,
    );
    expect(error, what).toMatchObject({ name: "EvertokenError", code: "invalid_input" });
    expect(error?.message, what).not.toContain("secret-");
  }
  await expect(rig.client.connections.import({ ...fine, provider: "nobody" })).rejects.toMatchObject({
    code: "unknown_provider",
  });
  expect((await rig.pool.query("SELECT 1 FROM connections")).rowCount).toBe(0);
  expect(await events(rig)).toEqual([]);
  expect(await liveJobs(rig, "acme")).toEqual([]);
});

test("ids, pages and filters that make no sense are the caller's mistake", async () => {
  const rig = await createRig();
  for (const filter of [
    { after: "x" },
    { limit: Number.NaN },
    { limit: 1.5 },
    { expiresBefore: new Date(Number.NaN) },
  ]) {
    await expect(rig.client.connections.list(filter)).rejects.toMatchObject({ code: "invalid_input" });
  }
  for (const target of [
    null,
    undefined,
    7,
    {},
    { userId: "u" },
    { userId: 7, provider: "acme" },
    { userId: "u\0", provider: "acme" },
  ]) {
    await expect(rig.client.getAccessToken(target as never)).rejects.toMatchObject({ code: "invalid_input" });
  }
  await expect(rig.client.health("u\0")).rejects.toMatchObject({ code: "invalid_input" });
  for (const id of ["", "x", "' OR 1=1 --", "00000000-0000-0000-0000-000000000000"]) {
    await expect(rig.client.connections.get(id)).rejects.toMatchObject({ code: "connection_not_found" });
    await expect(rig.client.connections.disconnect(id)).rejects.toMatchObject({ code: "connection_not_found" });
    await expect(rig.client.getAccessToken(id)).rejects.toMatchObject({ code: "connection_not_found" });
    await expect(rig.client.tokenStatus(id)).rejects.toMatchObject({ code: "connection_not_found" });
  }
});

test("an expiry far away, long ago, or told in text", async () => {
  const rig = await createRig();
  const far = await rig.client.connections.import({
    ...fine,
    externalAccountId: "far",
    refreshToken: "far",
    expiresAt: new Date("9999-12-31T23:59:59Z"),
  });
  expect((await rig.job(far))?.state).toBe("delayed");
  const past = await rig.client.connections.import({
    ...fine,
    externalAccountId: "past",
    expiresAt: "2001-01-01T00:00:00+01:00",
  });
  await until(
    "it is due at once",
    async () => Number(past.nextRefreshAt) <= Date.now() && (await rig.job(past)) !== null,
  );
  expect(await rig.client.tokenStatus(past.id)).toMatchObject({ token: "expired" });
});

test("lists, pages and single ones never hold a token, not even an encrypted one", async () => {
  const rig = await createRig();
  const all = await Promise.all(Array.from({ length: 5 }, (_, i) => rig.connect({ userId: `user ${i % 2}` })));
  await patch(rig, all[0]?.id ?? "", "status = 'needs_reauth'");
  const first = await rig.client.connections.list({ limit: 3 });
  const rest = await rig.client.connections.list({ limit: 3, after: first[2]?.id ?? "" });
  expect([...first, ...rest].map(({ id }) => id).sort()).toEqual(all.map(({ id }) => id).sort());
  expect(await rig.client.connections.list({ userId: "user 1" })).toHaveLength(2);
  expect(await rig.client.connections.list({ status: "needs_reauth" })).toMatchObject([{ id: all[0]?.id }]);
  expect(await rig.client.connections.list({ provider: "hubspot" })).toEqual([]);
  expect(await rig.client.connections.list({ expiresBefore: new Date() })).toEqual([]);
  const one = await rig.client.connections.get(all[1]?.id ?? "");
  for (const shown of [...first, ...rest, one]) {
    expect(Object.keys(shown)).not.toEqual(expect.arrayContaining(["accessToken"]));
    expect(JSON.stringify(shown)).not.toMatch(/v[12]\.|canary\./);
  }
});

test("disconnect erases the tokens and the job, and keeps the history", async () => {
  const rig = await createRig();
  const { id, generation } = await rig.connect({ userId: "u" });
  await rig.client.refresh(id);
  expect(await rig.client.connections.disconnect(id)).toBe(true);
  expect(await rig.client.connections.disconnect(id)).toBe(false);
  expect(await rig.row(id)).toMatchObject({
    status: "disconnected",
    access_token: null,
    refresh_token: null,
    next_refresh_at: null,
  });
  expect(await liveJobs(rig, "acme")).toEqual([]);
  expect(await rig.client.connections.log(id)).toMatchObject([{ outcome: "granted", generation }]);
  await expect(rig.client.getAccessToken(id)).rejects.toMatchObject({ code: "disconnected" });
  await expect(rig.client.refresh(id, { force: true })).rejects.toMatchObject({ code: "disconnected" });
  expect(await rig.client.health("u")).toMatchObject([{ connected: false, healthy: false, needsReconnect: true }]);
  expect(await events(rig, id)).toEqual(["connection.created", "connection.disconnected"]);
});

test("a refresh that is under way when the user disconnects brings nothing back", async () => {
  const rig = await createRig();
  await rig.start("worker");
  const { id } = await rig.connect();
  await rig.server.hold();
  await comesDue(rig, id);
  await rig.server.holding();
  await rig.client.connections.disconnect(id);
  await rig.server.release();
  await until("the job is over", async () => (await liveJobs(rig, "acme")).length === 0);
  expect(await rig.row(id)).toMatchObject({ status: "disconnected", access_token: null, refresh_token: null });
});

test("status and health tell what an app shows its user", async () => {
  const rig = await createRig();
  const { id } = await rig.connect({ userId: "u", expiresIn: 1800 });
  const status = await rig.client.tokenStatus({ userId: "u", provider: "acme" });
  expect(status).toMatchObject({
    connectionId: id,
    status: "connected",
    token: "valid",
    errorCode: null,
    job: { id: `${id}-1`, state: "delayed" },
  });
  expect(status.expiresInSeconds).toBeGreaterThan(1790);
  await patch(rig, id, "expires_at = now() + interval '4 minutes'");
  expect(await rig.client.tokenStatus(id)).toMatchObject({ token: "expiring_soon" });
  await patch(rig, id, "expires_at = now() - interval '1 second'");
  expect(await rig.client.tokenStatus(id)).toMatchObject({ token: "expired" });

  await rig.client.connections.import({ userId: "u", provider: "github-pat", accessToken: "ghp_x" });
  const byProvider = Object.fromEntries((await rig.client.health("u")).map((each) => [each.provider, each]));
  expect(byProvider["github-pat"]).toMatchObject({ connected: true, healthy: true, needsReconnect: false });
  expect(byProvider.acme).toMatchObject({ connected: true, healthy: false, needsReconnect: false });
  await patch(rig, id, "status = 'needs_reauth'");
  expect(await rig.client.health("u")).toContainEqual(
    expect.objectContaining({ provider: "acme", connected: false, healthy: false, needsReconnect: true }),
  );
  expect(await rig.client.health("nobody")).toEqual([]);
});
