import {
  createReadInstallation,
  createStore,
  DatabaseClock,
  goOn,
  moveBeat,
  nowhere,
  withInstallationLock,
} from "@evertoken/adapters";
import type { RefreshOrder } from "@evertoken/core";
import { expect, test } from "vitest";
import { patch } from "../support/drive.ts";
import { engineOf } from "../support/engine-of.ts";
import { keptFor } from "../support/kept-for.ts";
import { createRig, hasty, until } from "../support/rig.ts";
import { lies } from "../support/token-server.ts";

const forced = (connectionId: string): RefreshOrder => ({
  ...{ connectionId, trigger: "on_demand", generation: null },
  ...{ onlyDue: false, force: true },
});

test("with a single connection to Postgres as well what a failover lost is looked for, and all goes on", async () => {
  const rig = await createRig({ env: { ...hasty, DATABASE_POOL: "1" } });
  const { id } = await rig.connect();
  const { engine } = engineOf(rig.env);
  await engine.installation.look();
  await rig.pool.query("UPDATE installation SET beat_at = beat_at - interval '3 seconds'");
  await engine.installation.look();
  expect(engine.installation.held).toMatchObject({ why: "comparing" });
  await until("it goes on", async () => (await engine.installation.standing()) === null, 15_000);
  expect(await rig.client.refresh(id, { force: true })).toMatchObject({ generation: 2, warning: null });
});

test("a claim that waited for its statement while its process came to doubt the database gets no lease, nor takes one over", async () => {
  const rig = await createRig({ env: hasty });
  const free = await rig.connect();
  const abandoned = await patch(
    rig,
    (await rig.connect()).id,
    "lease_owner = 'takeover:another', lease_until = now() - interval '1 second', lease_started_at = now() - interval '1 minute'",
  );
  const { engine } = engineOf(rig.env);
  const { config, clock, installation, registrations } = engine;
  // What such a claim does from there on: nobody asks any more whether the installation is held.
  const { fingerprints } = registrations;
  const options = { owner: "me", ...config.lease, timing: config.timing, fingerprints, ground: installation.ground };
  const store = createStore(rig.pool, options);
  const claim = (connectionId: string) => store.claim(forced(connectionId), clock.now());
  await installation.look();
  await rig.pool.query("UPDATE installation SET beat_at = beat_at - interval '3 seconds'");
  await installation.look();
  expect(await claim(free.id)).toMatchObject({ kind: "refused", why: "held" });
  expect(await claim(abandoned.id)).toMatchObject({ kind: "refused", why: "held" });
  await until("it goes on", async () => (await installation.standing()) === null, 15_000);
  expect(await claim(free.id)).toMatchObject({ kind: "claimed" });
  // The doubt comes after it was found abandoned, and before the statement that takes it over.
  const grounds = [installation.ground(), installation.ground()];
  const doubting = createStore(rig.pool, { ...options, ground: () => grounds.shift() ?? nowhere });
  expect(await doubting.claim(forced(abandoned.id), clock.now())).toMatchObject({ kind: "refused", why: "busy" });
  expect(await rig.row(abandoned.id)).toMatchObject({ lease_owner: "takeover:another" });
  expect(await claim(abandoned.id)).toMatchObject({ kind: "claimed" });
});

test("a request on its way has its claim put back before anything else is claimed where its process stands now", async () => {
  const rig = await createRig({ env: hasty });
  const { id } = await rig.connect();
  const { engine } = engineOf(rig.env);
  const ended = await rig.connect();
  await rig.server.behave(lies.empty200, { next: 1 });
  expect(await engine.runRefresh(forced(ended.id))).toMatchObject({ record: { transition: { kind: "setback" } } });
  const gate = await rig.server.hold({ at: "received" });
  const refreshing = engine.runRefresh(forced(id));
  await rig.server.holding({ id: gate });
  const { lease_owner } = await rig.row(id);
  await rig.pool.query("UPDATE installation SET held_why = 'kept_held'");
  await engine.installation.look();
  await patch(rig, id, "lease_owner = NULL, lease_until = NULL");
  await rig.pool.query("UPDATE installation SET held_why = NULL");
  await engine.installation.look();
  expect(await rig.row(id)).toMatchObject({ lease_owner });
  // Nobody would give this one back.
  expect(await rig.row(ended.id)).toMatchObject({ generation: 1, lease_owner: null });
  await rig.server.release(gate);
  expect(await refreshing).toMatchObject({ committed: "committed" });
});

test("a promoted database that only Redis remembers waits for Redis, and asks no operator", async () => {
  const rig = await createRig({ env: hasty });
  const { id } = await rig.connect();
  await until("Redis remembers", () => rig.queues.redis.exists(`{${rig.env.REDIS_PREFIX}}:installation`));
  await rig.pool.query("UPDATE installation SET timeline = timeline + 1");
  const heldWhy = async () => (await rig.pool.query("SELECT held_why FROM installation")).rows[0].held_why;
  // Nothing listens there, and a container that was started just now has an empty disk.
  const fresh = { ...rig.env, SPOOL_DIR: `${rig.env.SPOOL_DIR}/new` };
  const { engine: cutOff } = engineOf({ ...fresh, REDIS_URL: "redis://127.0.0.1:1" });
  await cutOff.installation.look();
  expect(cutOff.installation.held).toMatchObject({ why: "older" });
  expect(await heldWhy()).toBeNull();
  const { engine } = engineOf(fresh);
  await until("it goes on", async () => (await engine.installation.standing()) === null, 15_000);
  expect(await engine.refreshDeps.store.claim(forced(id), engine.clock.now())).toMatchObject({ kind: "claimed" });
});

test("a kept token set that Postgres refuses holds up its own connection, and nothing else", async () => {
  const rig = await createRig({ env: hasty });
  const [refused, good, other] = [await rig.connect(), await rig.connect(), await rig.connect()];
  const { engine } = engineOf(rig.env);
  await engine.installation.look();
  await engine.spool.keep(keptFor(rig, refused, { httpStatus: 3_000_000_000 }));
  await engine.spool.keep(keptFor(rig, good));
  await rig.pool.query("UPDATE installation SET beat_at = beat_at - interval '3 seconds'");
  await engine.installation.look();
  await until("it goes on", async () => (await engine.installation.standing()) === null, 15_000);
  expect(await rig.row(good.id)).toMatchObject({ generation: 2 });
  expect(await rig.client.refresh(other.id, { force: true })).toMatchObject({ generation: 2, warning: null });
  // Its refresh token is spent, as the kept set shows.
  const { warning } = await rig.client.refresh(refused.id, { force: true });
  expect(warning).toMatchObject({ code: "older_than_its_job" });
  expect(await rig.server.summary()).toMatchObject({ granted: 1 });
});

test("what is found of one server is not written to another that took its place meanwhile", async () => {
  const { pool, client, connect } = await createRig();
  await client.refresh((await connect()).id);
  await pool.query("UPDATE installation SET beat_at = beat_at - interval '1 hour'");
  const looked = await createReadInstallation(pool, new DatabaseClock(pool))();
  const beat = async () => (await pool.query("SELECT beat_at, timeline FROM installation")).rows;
  const before = await beat();
  const startedAt = "1795000000.5";
  expect(await moveBeat(pool, startedAt)).toBeNull();
  await goOn(pool, { ...looked, startedAt }, new Date());
  expect(await beat()).toEqual(before);
  await goOn(pool, looked, new Date());
  expect(await beat()).not.toEqual(before);
});

test("a process that stands still while it looks for what a failover lost does not hold up the others", async () => {
  const { pool } = await createRig();
  let goOn = () => {};
  const standsStill = new Promise<void>((resolve) => {
    goOn = resolve;
  });
  let looked = 0;
  const look = async () => void looked++;
  let stands = false;
  const stand = () => {
    stands = true;
    return standsStill;
  };
  const failed = expect(withInstallationLock(pool, stand, 300)).rejects.toThrow();
  await until("it has the lock", async () => stands);
  await until("another one looks", async () => {
    await withInstallationLock(pool, look, 300);
    return looked > 0;
  });
  goOn();
  await failed;
});
