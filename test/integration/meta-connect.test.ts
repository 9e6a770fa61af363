import { completeConnect, disconnectAndRevoke } from "@evertoken/engine/internal";
import { expect, test } from "vitest";
import { begin, binding, type ConnectRig, createConnectRig } from "../support/connect-rig.ts";
import { attempts, comesDue } from "../support/drive.ts";
import { type GraphServer, startGraphServer } from "../support/graph-server.ts";
import { type Row, until } from "../support/rig.ts";
import { onFileEnd } from "../support/services.ts";

const day = 86_400_000;

async function createGraphRig(): Promise<ConnectRig & { graph: GraphServer }> {
  const graph = await startGraphServer("canary");
  onFileEnd(graph.stop);
  const settings = (prefix: string) => ({
    [`${prefix}_AUTHORIZE_URL`]: `${graph.url}/dialog`,
    [`${prefix}_TOKEN_URL`]: graph.tokenUrl,
    [`${prefix}_IDENTITY_URL`]: graph.identityUrl,
    [`${prefix}_CLIENT_ID`]: "app",
    [`${prefix}_CLIENT_SECRET`]: "app-secret",
  });
  const meta = {
    META_DERIVED_URL: graph.accountsUrl,
    META_REVOKE_URL: graph.permissionsUrl,
    RECONCILE_CRON: "0 0 1 1 *",
  };
  const rig = await createConnectRig({ ...settings("META"), ...settings("INSTAGRAM"), ...meta });
  return { ...rig, graph };
}

async function connect({ engine, graph }: ConnectRig & { graph: GraphServer }, provider = "meta", account = "me") {
  const { state, url } = await begin(engine, { provider });
  expect(new URL(url).searchParams.get("scope")).toMatch(provider === "meta" ? /^public_profile,pages/ : /^instagram/);
  return completeConnect(engine, { state, code: graph.consent(account), binding });
}

const idOf = (done: Awaited<ReturnType<typeof connect>>) => (done as { connectionId: string }).connectionId;
const untilDue = (row: Row) => (row.next_refresh_at.getTime() - Date.now()) / day;

async function children({ pool }: ConnectRig): Promise<Row[]> {
  return (await pool.query<Row>("SELECT * FROM connections WHERE parent_id IS NOT NULL ORDER BY external_account_id"))
    .rows;
}

test.each(["meta", "instagram"])(
  "%s: the short-lived token becomes a long-lived one at once, due 7 days before its end",
  async (provider) => {
    const rig = await createGraphRig();
    const done = await connect(rig, provider);
    expect(done).toMatchObject({ kind: "connected" });
    expect(rig.graph.counts).toMatchObject({ codes: 1, exchanged: 1 });
    const row = await rig.row(idOf(done));
    expect(row).toMatchObject({ external_account_id: "me", status: "connected", refresh_token: null });
    expect(untilDue(row)).toBeGreaterThan(52.9);
    expect(untilDue(row)).toBeLessThanOrEqual(53);
    expect((await rig.client.getAccessToken(row.id)).accessToken).toMatch(/^canary\.user\./);
  },
);

test.each(["meta", "instagram"])("%s: an answer without a lifetime means 60 days", async (provider) => {
  const rig = await createGraphRig();
  rig.graph.setLifetime(null);
  const row = await rig.row(idOf(await connect(rig, provider)));
  const days = (row.expires_at.getTime() - Date.now()) / day;
  expect(days).toBeGreaterThan(59.9);
  expect(days).toBeLessThanOrEqual(60);
  expect(untilDue(row)).toBeLessThanOrEqual(53);
});

test("an exchange that fails leaves nothing; one that stumbles is tried once more", async () => {
  const rig = await createGraphRig();
  rig.graph.failExchange({ status: 403, code: 4, is_transient: true });
  expect(await connect(rig)).toMatchObject({ kind: "refused", code: "rate_limited" });
  rig.graph.failExchange({ status: 400, code: 190 });
  expect(await connect(rig)).toMatchObject({ kind: "refused", code: "code_invalid" });
  rig.graph.failExchange({ status: 500, code: 2, is_transient: true });
  rig.graph.failExchange({ status: 500, code: 2, is_transient: true });
  expect(await connect(rig)).toMatchObject({ kind: "refused", code: "provider_unavailable" });
  expect((await rig.pool.query("SELECT 1 FROM connections")).rowCount).toBe(0);
  rig.graph.failExchange({ status: 500, code: 2, is_transient: true });
  expect(await connect(rig)).toMatchObject({ kind: "connected" });
});

test("Pages come with connecting, go with the account's death, and come back with reconnecting", async () => {
  const rig = await createGraphRig();
  const { graph } = rig;
  graph.setPages(["a", "b", "c", "d", "e"]);
  await rig.start("worker");
  const id = idOf(await connect(rig));
  await until("all result pages are in", async () => (await children(rig)).length === 5);
  expect(graph.counts.resultPages).toBe(3);
  const before = await children(rig);
  expect(before.every((page) => page.parent_id === id && page.status === "connected")).toBe(true);

  graph.revoke("me");
  await comesDue(rig, id);
  await attempts(rig, id, 1);
  expect(await rig.row(id)).toMatchObject({ status: "needs_reauth", last_error_code: "refresh_token_expired" });
  expect((await children(rig)).map(({ status }) => status)).toEqual(Array.from({ length: 5 }, () => "needs_reauth"));

  graph.setPages(["a", "b", "c", "d"]);
  const again = await connect(rig);
  expect(again).toMatchObject({ connectionId: id, reconnected: true });
  await until("the Pages are fetched anew", async () => (await rig.row(id)).derived_generation === 2);
  const after = await children(rig);
  expect(after.map((page) => [page.id, page.status])).toEqual(
    before.map((page) => [page.id, page.external_account_id === "page:id-e" ? "needs_reauth" : "connected"]),
  );
});

test("a Page that was disconnected by itself stays so until its account is connected anew", async () => {
  const rig = await createGraphRig();
  const { graph } = rig;
  graph.setPages(["a", "b"]);
  await rig.start("worker");
  const id = idOf(await connect(rig));
  await until("the Pages are there", async () => (await children(rig)).length === 2);
  const [page] = await children(rig);
  // Its token is its parent's: nothing is revoked that others live from.
  expect(await disconnectAndRevoke(rig.engine, page?.id)).toEqual({ disconnected: true, revoked: "not_supported" });
  await comesDue(rig, id);
  await until("the Pages are fetched anew", async () => (await rig.row(id)).derived_generation === 2);
  expect((await children(rig)).map(({ status }) => status)).toEqual(["disconnected", "connected"]);
  await connect(rig);
  await until("the Pages are fetched once more", async () => (await rig.row(id)).derived_generation === 3);
  expect((await children(rig)).map(({ status }) => status)).toEqual(["connected", "connected"]);
});

test("disconnecting withdraws the app's permissions, and the Pages go along", async () => {
  const rig = await createGraphRig();
  rig.graph.setPages(["a"]);
  await rig.start("worker");
  const id = idOf(await connect(rig));
  await until("the Page is there", async () => (await children(rig)).length === 1);
  const { accessToken } = await rig.client.getAccessToken(id);
  expect(await disconnectAndRevoke(rig.engine, id)).toEqual({ disconnected: true, revoked: "yes" });
  const headers = { authorization: `Bearer ${accessToken}` };
  expect((await fetch(rig.graph.identityUrl, { headers })).status).toBe(400);
  expect(await children(rig)).toMatchObject([{ status: "disconnected", access_token: null }]);
  expect(rig.engineOutput() + rig.clientOutput()).not.toContain("canary");
});
