import { expect, test } from "vitest";
import { attempts, comesDue, events, liveJobs, patch, runTask } from "../support/drive.ts";
import { type GraphServer, startGraphServer } from "../support/graph-server.ts";
import { createRig, type Rig, type Row, until } from "../support/rig.ts";
import { onFileEnd } from "../support/services.ts";

const day = 86_400_000;

async function createMetaRig(): Promise<{
  rig: Rig;
  graph: GraphServer;
  connect(): Promise<{ id: string; generation: number }>;
}> {
  const graph = await startGraphServer();
  onFileEnd(graph.stop);
  const rig = await createRig({
    provider: "meta",
    env: {
      EVERTOKEN_GENERIC_PROVIDERS: "",
      META_TOKEN_URL: graph.tokenUrl,
      META_DERIVED_URL: graph.accountsUrl,
      META_IDENTITY_URL: graph.accountsUrl,
      META_REVOKE_URL: graph.accountsUrl,
      META_CLIENT_ID: "app",
      META_CLIENT_SECRET: "app-secret",
      RECONCILE_CRON: "0 0 1 1 *",
    },
  });
  const connect = () =>
    rig.client.connections.import({
      userId: "u",
      provider: "meta",
      externalAccountId: "me",
      accessToken: graph.issue(),
    });
  return { rig, graph, connect };
}

async function children({ pool }: Rig): Promise<Row[]> {
  return (await pool.query<Row>("SELECT * FROM connections WHERE auth_type = 'derived' ORDER BY external_account_id"))
    .rows;
}

test("the user token is exchanged for the next one, and its Pages are children that are fetched again with each", async () => {
  const { rig, graph, connect } = await createMetaRig();
  graph.setPages(["a", "b", "c", "d", "e"]);
  await rig.start("worker");
  const user = await connect();
  await until("all result pages are in", async () => (await children(rig)).length === 5);
  expect(graph.counts).toMatchObject({ exchanged: 0, resultPages: 3 });
  const first = await children(rig);
  expect(first[0]).toMatchObject({
    parent_id: user.id,
    user_id: "u",
    external_account_id: "page:id-a",
    display_name: "a",
    status: "connected",
  });
  const tokens = await Promise.all(first.map(async ({ id }) => (await rig.client.getAccessToken(id)).accessToken));
  expect(new Set(tokens).size).toBe(5);
  expect(tokens.every((token) => token.startsWith("graph.page."))).toBe(true);
  expect(await liveJobs(rig, "meta")).toEqual([`${user.id}-1`]);

  // A Page less: it is shown, with its token kept; those that stay get new tokens under their old ids.
  graph.setPages(["a", "b", "c", "d"]);
  const old = await rig.client.getAccessToken(user.id);
  await comesDue(rig, user.id);
  await attempts(rig, user.id, 1);
  const row = await rig.row(user.id);
  expect(row).toMatchObject({ status: "connected", generation: 2 });
  const daysUntilDue = (row.next_refresh_at.getTime() - Date.now()) / day;
  expect(daysUntilDue).toBeGreaterThan(52.9);
  expect(daysUntilDue).toBeLessThanOrEqual(53);
  expect((await rig.client.getAccessToken(user.id)).accessToken).not.toBe(old.accessToken);
  await until("the Pages are fetched anew", async () => (await rig.row(user.id)).derived_generation === 2);
  const second = await children(rig);
  expect(second.map(({ id, status, generation }) => [id, status, generation])).toEqual(
    first.map(({ id, external_account_id }) =>
      external_account_id === "page:id-e" ? [id, "needs_reauth", 1] : [id, "connected", 2],
    ),
  );
  expect((await rig.client.getAccessToken(first[0]?.id)).accessToken).not.toBe(tokens[0]);
  expect(await rig.client.health("u")).toHaveLength(6);

  await rig.client.connections.disconnect(user.id);
  for (const child of await children(rig)) expect(child).toMatchObject({ status: "disconnected", access_token: null });
});

test("Pages that could not be fetched are fetched later, without another exchange", async () => {
  const { rig, graph, connect } = await createMetaRig();
  graph.setPages(["a"]);
  graph.failAccounts(500);
  await rig.start("worker");
  const user = await connect();
  const queue = rig.queues.fixed("sync");
  const job = await until("the first try has failed", async () => {
    const found = await queue.getJob(`derive-${user.id}-1`);
    return found && found.attemptsMade > 0 && (await found.isDelayed()) && found;
  });
  graph.failAccounts(null);
  await job.promote();
  await until("the Page is there", async () => (await children(rig)).length === 1);
  expect(graph.counts).toMatchObject({ exchanged: 0, resultPages: 1 });
});

test("a job for the Pages that Redis lost is added again by reconcile", async () => {
  const { rig, graph, connect } = await createMetaRig();
  graph.setPages(["a"]);
  const user = await connect();
  await rig.queues.fixed("sync").remove(`derive-${user.id}-1`);
  await rig.start("scheduler");
  await runTask(rig, "reconcile");
  await rig.start("worker");
  await until("the Page is there", async () => (await children(rig)).length === 1);
});

test("a user token that Meta no longer takes needs the user; its Pages follow, and their tokens are served with a warning", async () => {
  const { rig, graph, connect } = await createMetaRig();
  graph.setPages(["a"]);
  await rig.start("worker");
  const user = await connect();
  await until("the Page is there", async () => (await rig.row(user.id)).derived_generation === 1);
  const sealed = (await rig.row((await children(rig))[0]?.id)).access_token;
  await patch(rig, user.id, "expires_at = now() + interval '1 hour'");
  await rig.client.connections.import({
    overwrite: true,
    userId: "u",
    provider: "meta",
    externalAccountId: "me",
    accessToken: "revoked",
  });
  await comesDue(rig, user.id);
  await attempts(rig, user.id, 1);
  expect(await rig.row(user.id)).toMatchObject({ status: "needs_reauth", last_error_code: "refresh_token_expired" });
  const [page] = await children(rig);
  expect(page).toMatchObject({
    status: "needs_reauth",
    last_error_code: "refresh_token_expired",
    access_token: sealed,
  });
  expect(await rig.client.getAccessToken(page?.id)).toMatchObject({ warning: { code: "refresh_token_expired" } });
  expect((await events(rig)).filter((event) => event === "connection.needs_reauth")).toHaveLength(1);
});

test("Pages that arrive after the user has disconnected are not kept", async () => {
  const { rig, graph, connect } = await createMetaRig();
  graph.setPages(["a", "b"]);
  await rig.start("worker");
  const user = await connect();
  await until("the Pages are there", async () => (await rig.row(user.id)).derived_generation === 1);
  const release = graph.holdAccounts();
  await comesDue(rig, user.id);
  await until("they are being fetched again", async () => graph.counts.resultPages === 2);
  await rig.client.connections.disconnect(user.id);
  release();
  await until(
    "the job is over",
    async () => (await rig.queues.fixed("sync").getJob(`derive-${user.id}-2`)) === undefined,
  );
  for (const child of await children(rig)) expect(child).toMatchObject({ status: "disconnected", access_token: null });
});
