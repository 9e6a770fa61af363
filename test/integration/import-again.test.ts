import { expect, test } from "vitest";
import { runInProcess } from "../e2e/evertoken-command.ts";
import { events, patch } from "../support/drive.ts";
import { type Connected, createRig, hasty, type Rig, until } from "../support/rig.ts";
import { startApi } from "./api-harness.ts";

const exported = (rig: Rig, { accountId, accessToken, refreshToken }: Connected, more: object = {}) => ({
  ...{ userId: "u", provider: rig.provider, externalAccountId: accountId, accessToken, refreshToken, ...more },
});

test("an export that is imported again over rotated grants changes nothing, however it states the end", async () => {
  const rig = await createRig({ env: hasty });
  const first = await rig.connect({ userId: "u" });
  const same = await rig.client.connections.import(exported(rig, first, { expiresIn: 1800 }));
  expect(same).toMatchObject({ id: first.id, generation: 1, skipped: "same_tokens", reconnected: false });
  await rig.client.refresh(first.id);
  const ends = [{ expiresIn: 86_400 }, { expiresAt: new Date() }, { expiresAt: "never" }, { expiresAt: null }, {}];
  for (const end of ends) {
    const again = await rig.client.connections.import(exported(rig, first, end) as never);
    expect(again, JSON.stringify(end)).toMatchObject({ id: first.id, generation: 2, skipped: "not_newer" });
  }
  expect(await rig.client.refresh(first.id)).toMatchObject({ generation: 3 });
  expect(await rig.server.summary()).toMatchObject({ granted: 2, reuse: 0 });
  expect(await events(rig, first.id)).toEqual(["connection.created"]);
});

test("a set that says more does not take the place of one that is being spent", async () => {
  const rig = await createRig({ env: hasty });
  const first = await rig.connect({ userId: "u" });
  const more = exported(rig, first, { metadata: { shop: "b" } });
  const gate = await rig.server.hold({ at: "received" });
  const refreshing = rig.client.refresh(first.id);
  await rig.server.holding({ id: gate });
  expect(await rig.client.connections.import(more)).toMatchObject({ id: first.id, skipped: "same_tokens" });
  await rig.server.release(gate);
  await refreshing;
  expect(await rig.client.refresh(first.id)).toMatchObject({ generation: 3 });
  expect(await rig.server.summary()).toMatchObject({ granted: 2, reuse: 0 });
});

test("a set that is newer, or whose user has to reconnect anyway, is taken; overwrite takes any", async () => {
  const rig = await createRig({ env: hasty });
  const first = await rig.connect({ userId: "u" });
  const [newer, dead, forced] = await rig.server.issue({ count: 3 });
  const over = (issued: typeof newer, more: object) =>
    rig.client.connections.import(exported(rig, { ...first, ...issued, accountId: first.accountId } as never, more));
  const inAnHour = new Date(Date.now() + 3_600_000);
  expect(await over(newer, { expiresAt: inAnHour })).toMatchObject({ id: first.id, generation: 2, skipped: null });
  await patch(rig, first.id, "status = 'needs_reauth'");
  expect(await over(newer, {})).toMatchObject({ generation: 2, skipped: "same_tokens" });
  expect(await over(dead, {})).toMatchObject({ generation: 3, skipped: null });
  expect(await over(forced, {})).toMatchObject({ generation: 3, skipped: "not_newer" });
  expect(await over(forced, { overwrite: true })).toMatchObject({ generation: 4, reconnected: true, skipped: null });
  expect(await rig.client.refresh(first.id)).toMatchObject({ generation: 5 });
});

test("what is never refreshed is taken as it comes", async () => {
  const rig = await createRig();
  const key = (accessToken: string) =>
    rig.client.connections.import({ userId: "u", provider: "github-pat", accessToken });
  await key("ghp_old");
  expect(await key("ghp_new")).toMatchObject({ generation: 2, skipped: null });
});

test("the command counts what it skipped, says why by line, and ends well; over HTTP it is a 200", async () => {
  const rig = await createRig({ env: { ...hasty, LOG_LEVEL: "error" } });
  const [rotated, same] = [await rig.connect({ userId: "u" }), await rig.connect({ userId: "u" })];
  await rig.client.refresh(rotated.id);
  const input = [rotated, same].map((one) => JSON.stringify(exported(rig, one, { expiresIn: 1800 }))).join("\n");
  const told = await runInProcess(["connections", "import"], { env: rig.env, input });
  expect(told).toMatchObject({ code: 0 });
  expect(`${told.stdout}${told.stderr}`).toMatch(/2 skipped[\s\S]*line 1: skipped/);
  const { code, stdout } = await runInProcess(["connections", "import", "--json"], { env: rig.env, input });
  const whys = [
    { line: 1, id: rotated.id, why: "not_newer" },
    { line: 2, id: same.id, why: "same_tokens" },
  ];
  expect([code, JSON.parse(stdout)]).toMatchObject([0, { imported: 0, skipped: 2, skippedRows: whys }]);
  const taken = await runInProcess(["connections", "import", "--overwrite", "--json"], { env: rig.env, input });
  expect(JSON.parse(taken.stdout)).toMatchObject({ reconnected: 2, skipped: 0 });
});

test("over HTTP a skipped set is a 200 that says so, and a grant in use a 409", async () => {
  const api = await startApi();
  const body = { user_id: "u", provider: "acme", access_token: "canary-a", refresh_token: "canary-once" };
  expect(await api.ask("POST /v1/connections", { body })).toMatchObject({ status: 201, body: { skipped: null } });
  expect(await api.ask("POST /v1/connections", { body })).toMatchObject({
    status: 200,
    body: { skipped: "same_tokens" },
  });
  const stolen = await api.ask("POST /v1/connections", { body: { ...body, user_id: "v" } });
  expect(stolen).toMatchObject({ status: 409, body: { code: "grant_in_use" } });
  expect(JSON.stringify(stolen.body)).not.toContain("canary");
  const unknown = { external_account_id: null, registration: null, auth_type: null, scopes: null, metadata: null };
  expect(await api.ask("POST /v1/connections", { body: { ...body, ...unknown, expires_in: null } })).toMatchObject({
    status: 200,
  });
  const forced = await api.ask("POST /v1/connections", { body: { ...body, overwrite: true } });
  expect(forced).toMatchObject({ status: 201, body: { reconnected: true, generation: 2 } });
});

test("a refresh token whose access token's end is not known is refreshed at once; one without access token, too", async () => {
  const rig = await createRig({ env: hasty });
  const [unknown, bare, asked] = await rig.server.issue({ count: 3 });
  const base = (issued: typeof unknown) => ({
    ...{ userId: `user ${issued?.accountId}`, provider: "acme", refreshToken: issued?.refreshToken ?? "" },
  });
  const first = await rig.client.connections.import({
    ...base(unknown),
    accessToken: unknown?.accessToken,
    expiresAt: null,
  });
  const second = await rig.client.connections.import(base(bare));
  const third = await rig.client.connections.import({ ...base(asked), accessToken: null, expiresIn: 1800 });
  for (const { nextRefreshAt } of [first, second, third]) expect(Number(nextRefreshAt)).toBeLessThanOrEqual(Date.now());
  expect(await rig.client.tokenStatus(third.id)).toMatchObject({ status: "token_expired", token: "expired" });
  expect(await rig.client.getAccessToken(third.id)).toMatchObject({ generation: 2, warning: null });
  await rig.start("worker");
  for (const { id } of [first, second]) {
    await until("it is refreshed", async () => (await rig.row(id)).generation === 2);
    expect((await rig.row(id)).expires_at.getTime()).toBeGreaterThan(Date.now() + 1_700_000);
  }
  expect(await rig.server.summary()).toMatchObject({ granted: 3, reuse: 0 });
});

test("null for whatever an export does not know is the same as leaving it out, by client and command", async () => {
  const rig = await createRig();
  const issued = await rig.server.issue({ count: 3 });
  const unknown = { externalAccountId: null, displayName: null, userEmail: null, authType: null, tokenType: null };
  const more = { scopes: null, metadata: null, registration: null, expiresIn: null, refreshTokenExpiresAt: null };
  const row = (n: number) => ({
    ...{
      userId: `u${n}`,
      provider: "acme",
      accessToken: issued[n]?.accessToken,
      refreshToken: issued[n]?.refreshToken,
    },
    ...{ ...unknown, ...more },
  });
  const { id, nextRefreshAt } = await rig.client.connections.import(row(0));
  expect(Number(nextRefreshAt), "the end is not known").toBeLessThanOrEqual(Date.now());
  const input = [row(1), row(1)].map((each) => JSON.stringify(each)).join("\n");
  const { stdout } = await runInProcess(["connections", "import", "--json"], { env: rig.env, input });
  expect(JSON.parse(stdout)).toMatchObject({ imported: 1, bad: [{ line: 2, code: "invalid_input" }] });
  expect(await rig.row(id)).toMatchObject({ external_account_id: "default", scopes: [], metadata: {} });
});

const refused: [string, object, string][] = [
  ["no token at all", { accessToken: undefined, refreshToken: undefined }, "accessToken: needed"],
  [
    "no access token at a provider that has no others",
    { provider: "github-pat", accessToken: null },
    "accessToken: needed",
  ],
  ["seconds as an end", { expiresAt: 1_795_000_000 }, "seconds or milliseconds"],
  ["milliseconds as an end", { expiresAt: 1_795_000_000_000 }, "seconds or milliseconds"],
  ["zero as an end", { expiresAt: 0 }, "seconds or milliseconds"],
  ["an empty end", { expiresAt: "" }, "null where it is not known"],
  ["no lifetime", { expiresIn: 0 }, "leave it out where it is not known"],
  ["an end that never comes, and when it does", { expiresAt: "never", expiresIn: 1800 }, "contradicts expiresIn"],
  ["a broken token", { refreshToken: "canary-\ud800" }, "refreshToken: has half of a surrogate pair"],
  ["a negative lifetime", { expiresIn: -5 }, "leave it out where it is not known"],
];

test("what is missing, or could mean two things, is refused with a word about what to write", async () => {
  const rig = await createRig();
  for (const [what, change, message] of refused) {
    const row = { userId: "u", provider: "acme", accessToken: "canary-a", refreshToken: "canary-r", ...change };
    const refusal = await rig.client.connections.import(row as never).catch((error: unknown) => error);
    expect(refusal, what).toMatchObject({ code: "invalid_input", message: expect.stringContaining(message) });
    expect(String(refusal), what).not.toContain("canary");
  }
});
