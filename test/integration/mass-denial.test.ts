import { expect, test } from "vitest";
import { events } from "../support/drive.ts";
import { type Connected, createRig, hasty, type Rig, until } from "../support/rig.ts";
import { lies } from "../support/token-server.ts";

const doubting = { ...hasty, CIRCUIT_PROBE_MS: "600", REFRESH_CONCURRENCY: "20", DATABASE_POOL: "4" };

const connectMany = (rig: Rig, count: number) => Promise.all(Array.from({ length: count }, () => rig.connect()));
const rowsOf = (rig: Rig, connections: readonly Connected[]) => Promise.all(connections.map(({ id }) => rig.row(id)));

async function comeDue(rig: Rig, connections: readonly Connected[]): Promise<void> {
  const ids = connections.map(({ id }) => id);
  await rig.pool.query("UPDATE connections SET next_refresh_at = now() WHERE id = ANY($1::uuid[])", [ids]);
  await Promise.all(connections.map((each) => rig.queues.bringForward({ ...each, provider: rig.provider }, {})));
}

/** As reconcile does each minute: a job of one that was marked for a moment has ended. */
const wake = (rig: Rig, connections: readonly Connected[]) =>
  Promise.all(connections.map(({ id }) => rig.client.scheduleNow(id).catch(() => {})));

const tokensDenied = async (rig: Rig) => (await rig.server.summary()).requests;

test("everybody denied at once, in two workers: nobody stays marked, one alert, and all go on by themselves", async () => {
  const rig = await createRig({ env: doubting });
  const connections = await connectMany(rig, 24);
  await rig.server.behave(lies.invalidGrant);
  await Promise.all([rig.start("worker"), rig.start("worker")]);
  await comeDue(rig, connections);
  await until("some were denied", async () => (await tokensDenied(rig)) >= 10);
  await until("every attempt has ended, and none is marked", async () =>
    (await rowsOf(rig, connections)).every(({ lease_owner, status }) => lease_owner === null && status === "connected"),
  );
  const { rows } = await rig.pool.query("SELECT open, code FROM circuits");
  expect(rows).toEqual([{ open: true, code: "mass_denial" }]);
  // A token that was not asked for goes on being served, and whoever asks for a fresh one hears why.
  const [first] = connections as [Connected];
  const served = await rig.client.getAccessToken(first.id, { minTtlSeconds: 86_400 });
  expect(served).toMatchObject({ accessToken: first.accessToken, warning: { code: "mass_denial" } });
  const requests = await tokensDenied(rig);
  expect(requests).toBeLessThan(40);

  await rig.server.behave({ kind: "honest" });
  await until(
    "all are refreshed",
    async () => {
      const behind = (await rowsOf(rig, connections)).filter(({ generation }) => generation === 1);
      await wake(
        rig,
        connections.filter(({ id }) => behind.some((row) => row.id === id)),
      );
      return behind.length === 0;
    },
    40_000,
  );
  for (const { id } of connections) {
    const own = (await events(rig, id)).slice(1);
    expect(own.filter((event) => event === "connection.needs_reauth").length).toBe(
      own.filter((event) => event === "connection.recovered").length,
    );
    expect(await rig.row(id)).toMatchObject({ status: "connected", last_error_code: null });
  }
  const told = (await events(rig)).filter((event) => event.startsWith("provider."));
  expect(told).toEqual(["provider.circuit_opened", "provider.circuit_closed"]);
}, 60_000);

test("one grant that died in the outage is found out when others are granted again", async () => {
  const rig = await createRig({ env: doubting });
  const connections = await connectMany(rig, 6);
  const [dead, ...living] = connections as [Connected, ...Connected[]];
  await rig.server.behave(lies.invalidGrant);
  await rig.start("worker");
  await comeDue(rig, connections);
  await until(
    "the circuit is open",
    async () => (await rig.pool.query("SELECT FROM circuits WHERE open")).rowCount === 1,
  );
  await rig.server.revokeFamily(dead.family);
  await rig.server.behave({ kind: "honest" });
  await until(
    "it is marked, once others were granted again and again",
    async () => {
      await comeDue(rig, living).catch(() => {});
      await wake(rig, living);
      return (
        (await rig.row(dead.id)).status === "needs_reauth" &&
        (await rig.pool.query("SELECT FROM circuits WHERE open")).rowCount === 0
      );
    },
    30_000,
  );
  for (const row of await rowsOf(rig, living)) expect(row).toMatchObject({ status: "connected" });
});

test("what is denied for hours is believed, one after another, with one alert", async () => {
  const rig = await createRig({ env: { ...doubting, DENIALS_BELIEVED_AFTER_MS: "2000" } });
  const connections = await connectMany(rig, 5);
  await rig.server.behave(lies.invalidGrant);
  await rig.start("worker");
  await comeDue(rig, connections);
  await until(
    "all are believed",
    async () => {
      await wake(rig, connections);
      return (await rowsOf(rig, connections)).every(({ status }) => status === "needs_reauth");
    },
    20_000,
  );
  const told = (await events(rig)).filter((event) => event.startsWith("provider."));
  expect(told).toEqual(["provider.circuit_opened", "provider.circuit_closed"]);
});

test("two dead grants among others are believed at once", async () => {
  const rig = await createRig({ env: doubting });
  const connections = await connectMany(rig, 5);
  const dead = connections.slice(0, 2);
  for (const { family } of dead) await rig.server.revokeFamily(family);
  await rig.start("worker");
  await comeDue(rig, connections);
  await until("both are marked", async () =>
    (await rowsOf(rig, dead)).every(({ status }) => status === "needs_reauth"),
  );
  await until("the others go on", async () =>
    (await rowsOf(rig, connections.slice(2))).every(({ generation }) => generation === 2),
  );
  expect((await rig.pool.query("SELECT FROM circuits")).rowCount).toBe(0);
});

const bulk = (rig: Rig, connections: readonly Connected[]) =>
  Promise.all(connections.map(({ id }) => rig.client.getAccessToken(id, { minTtlSeconds: 86_400 }).catch(() => {})));

test("twelve grants that die at once among others are each told after few requests, however often they are asked for", async () => {
  const rig = await createRig({ env: { ...doubting, CIRCUIT_PROBE_MS: "300" } });
  const connections = await connectMany(rig, 20);
  const [dead, living] = [connections.slice(0, 12), connections.slice(12)];
  for (const { family } of dead) await rig.server.revokeFamily(family);
  await rig.start("worker");
  await comeDue(rig, connections);
  await until(
    "all are marked",
    async () => {
      await comeDue(rig, living);
      await bulk(rig, connections);
      return (await rowsOf(rig, dead)).every(({ status }) => status === "needs_reauth");
    },
    30_000,
  );
  await until(
    "their last checks are over",
    async () => {
      await comeDue(rig, living);
      return (await rowsOf(rig, dead)).every(({ next_refresh_at }) => next_refresh_at === null);
    },
    30_000,
  );
  const asked = await rig.pool.query<{ n: number }>(
    "SELECT count(*)::int AS n FROM token_refresh_log WHERE outcome = 'denied' GROUP BY connection_id",
  );
  expect(asked.rows.length).toBe(12);
  for (const { n } of asked.rows) expect(n).toBeLessThanOrEqual(8);
  for (const row of await rowsOf(rig, living)) expect(row.status).toBe("connected");
}, 60_000);

test("deaths that were believed do not have the next outage believed, and whoever it marks is found alive by itself", async () => {
  const rig = await createRig({ env: { ...doubting, CIRCUIT_PROBE_MS: "300", DENIALS_BELIEVED_AFTER_MS: "1500" } });
  const connections = await connectMany(rig, 14);
  const [dead, living] = [connections.slice(0, 4), connections.slice(4)];
  for (const { family } of dead) await rig.server.revokeFamily(family);
  await rig.start("worker");
  await comeDue(rig, dead);
  await until(
    "they are believed after hours",
    async () => {
      await wake(rig, dead);
      return (await rowsOf(rig, dead)).every(({ status }) => status === "needs_reauth");
    },
    20_000,
  );
  await comeDue(rig, living);
  await until("the others are granted", async () =>
    (await rowsOf(rig, living)).every(({ generation }) => generation === 2),
  );
  await rig.server.behave(lies.invalidGrant);
  await comeDue(rig, living);
  await until("the outage is doubted as the deaths were", async () => {
    const doubts = "SELECT FROM token_refresh_log WHERE connection_id = ANY($1::uuid[]) AND error_code = 'mass_denial'";
    return (await rig.pool.query(doubts, [living.map(({ id }) => id)])).rowCount !== 0;
  });
  const marked = async () => (await rowsOf(rig, living)).filter(({ status }) => status === "needs_reauth").length;
  // The hours of this test are short: the outage lasts longer than they do.
  await until(
    "some are believed dead",
    async () => {
      await wake(rig, living);
      return (await marked()) > 0;
    },
    20_000,
  );
  await rig.server.behave({ kind: "honest" });
  await until(
    "all are alive again",
    async () => (await rowsOf(rig, living)).every(({ status, generation }) => status === "connected" && generation > 2),
    30_000,
  );
  for (const { id } of living) {
    const own = (await events(rig, id)).slice(1);
    expect(own.filter((event) => event === "connection.needs_reauth").length).toBe(
      own.filter((event) => event === "connection.recovered").length,
    );
  }
}, 60_000);
