import pg from "pg";
import { expect, test } from "vitest";
import { attempts } from "../support/drive.ts";
import { createRig, hasty, type Rig, until } from "../support/rig.ts";
import { onFileEnd } from "../support/services.ts";

/** As a backup, an operator at a console or a stuck migration does. */
async function lockRows(rig: Rig, ids: readonly (string | undefined)[]): Promise<() => Promise<void>> {
  const locker = new pg.Client({ connectionString: rig.env.DATABASE_URL as string });
  await locker.connect();
  await locker.query("BEGIN");
  await locker.query("SELECT 1 FROM connections WHERE id = ANY($1::uuid[]) FOR UPDATE", [ids]);
  const unlock = () => locker.end().catch(() => {});
  onFileEnd(unlock);
  return unlock;
}

async function connectMany(rig: Rig, count: number): Promise<string[]> {
  const connected = await Promise.all(Array.from({ length: count }, () => rig.connect()));
  await rig.pool.query("UPDATE connections SET next_refresh_at = now()");
  return connected.map(({ id }) => id);
}

const refreshed = async ({ pool }: Rig) =>
  (await pool.query("SELECT count(*)::int AS n FROM connections WHERE generation = 2")).rows[0].n;

test("a locked row keeps nobody else from being claimed, and is claimed itself when it is free", async () => {
  const rig = await createRig({ env: hasty });
  const ids = await connectMany(rig, 60);
  await rig.start("worker");
  const unlock = await lockRows(rig, ids.slice(0, 1));
  await Promise.all(ids.map((id) => rig.queues.bringForward({ id, provider: "acme", generation: 1 }, {})));
  await until("all others are refreshed", async () => (await refreshed(rig)) === 59, 5000);
  await unlock();
  await until("the locked one is refreshed", async () => (await refreshed(rig)) === 60, 5000);
  expect(await attempts(rig, ids[0] as string, 1)).toMatchObject([{ outcome: "granted" }]);
  expect(await rig.server.summary()).toMatchObject({ requests: 60, granted: 60 });
});

test("locked rows keep no other token set from being stored, and their own wait in the spool", async () => {
  const rig = await createRig({ env: hasty });
  const ids = await connectMany(rig, 30);
  const worker = await rig.start("worker");
  const gate = await rig.server.hold();
  await Promise.all(ids.map((id) => rig.queues.bringForward({ id, provider: "acme", generation: 1 }, {})));
  await rig.server.holding({ id: gate, atLeast: 30 });
  const unlock = await lockRows(
    rig,
    ids.filter((_, index) => index % 5 === 0),
  );
  await rig.server.release(gate);
  await until("all others are stored", async () => (await refreshed(rig)) === 24, 1400);
  const spool = `{${rig.env.REDIS_PREFIX}}:spool`;
  // Long before the statement that waits for them is given up.
  await until("the locked ones are kept", async () => (await rig.queues.redis.hlen(spool)) === 6, 6000);
  await unlock();
  await until("the locked ones are stored", async () => (await refreshed(rig)) === 30, 5000);
  expect(await rig.server.summary()).toMatchObject({ requests: 30, granted: 30 });
  expect(await worker.stop()).toBe(0);
});

test("a statement that we give up is given up by the server as well", async () => {
  const rig = await createRig();
  const { rows } = await rig.pool.query("SHOW statement_timeout");
  expect(rows).toEqual([{ statement_timeout: "9s" }]);
});
