import { uncommitted } from "@evertoken/adapters";
import { isGrant, refresh } from "@evertoken/core";
import { disconnectAndRevoke, drainSpool } from "@evertoken/engine/internal";
import { lookAfterRevocations, retryRevocations } from "@evertoken/operations";
import { expect, test } from "vitest";
import { engineOf } from "../support/engine-of.ts";
import { startReceiver } from "../support/receiver.ts";
import { createRig, type Env, hasty } from "../support/rig.ts";

async function createRevokeRig(env: Env = {}) {
  const provider = await startReceiver();
  provider.reply({ status: 200 });
  const rig = await createRig({ env: { ...hasty, ACME_REVOKE_URL: provider.url, ...env } });
  const revoked = () => provider.received.map(({ body }) => new URLSearchParams(body).get("token") ?? "");
  const kept = async () => (await rig.pool.query("SELECT * FROM revocations")).rows;
  return { ...rig, ...engineOf(rig.env), revoked, kept };
}

const manual = (connectionId: string) =>
  ({ connectionId, trigger: "manual", generation: null, onlyDue: false, force: false }) as const;

test.each([
  ["the grant is revoked once the new set has come", {}],
  ["also where nothing is tried again", { REVOKE_RETRY_FOR_MS: "0" }],
])("who disconnects during a refresh leaves no grant behind: %s", async (_what, env) => {
  const rig = await createRevokeRig(env);
  const { id, refreshToken } = await rig.connect();
  await rig.server.hold();
  const asking = rig.client.refresh(id).catch((error: unknown) => error);
  await rig.server.holding();
  expect(await disconnectAndRevoke(rig.engine, id)).toEqual({ disconnected: true, revoked: "yes" });
  await rig.server.release();
  expect(await asking).toMatchObject({ code: "disconnected" });
  expect(await rig.row(id)).toMatchObject({ status: "disconnected", access_token: null, refresh_token: null });
  expect(await rig.log(id)).toMatchObject([
    { outcome: "granted", message: "superseded: the account was disconnected" },
  ]);
  expect(JSON.stringify(await rig.kept())).not.toContain("canary");

  await lookAfterRevocations(rig.engine);
  expect(await retryRevocations(rig.engine)).toBe(1);
  const [old, late] = rig.revoked();
  expect(old).toBe(refreshToken);
  expect(await rig.server.inspect([late ?? ""])).toMatchObject([{ state: "current" }]);
  expect(await rig.kept()).toEqual([]);
});

test("a set that waited in the spool, or in the journal of a dead process, is revoked as well", async () => {
  const rig = await createRevokeRig();
  const { id } = await rig.connect();
  const away = { ...rig.engine.refreshDeps.store, commit: () => Promise.reject(new Error("Postgres is away")) };
  const deferred = await refresh(manual(id), { ...rig.engine.refreshDeps, store: away });
  if (deferred.kind !== "settled" || !isGrant(deferred.record)) throw new Error("no token set was kept");
  await disconnectAndRevoke(rig.engine, id);
  expect(await uncommitted(rig.pool, [deferred.record])).toEqual([deferred.record]);
  await drainSpool(rig.engine);
  await drainSpool(rig.engine);
  expect(await rig.kept()).toMatchObject([{ connection_id: id, attempts: 0 }]);
  expect(await retryRevocations(rig.engine)).toBe(1);
  expect(new Set(rig.revoked()).size).toBe(2);
});

test("who reconnects during a refresh keeps the new grant: what came too late is left to itself", async () => {
  const rig = await createRevokeRig();
  const { id, accountId } = await rig.connect({ userId: "u" });
  const gate = await rig.server.hold();
  const asking = rig.client.refresh(id);
  await rig.server.holding({ id: gate });
  await rig.connect({ userId: "u", externalAccountId: accountId });
  await rig.server.release(gate);
  await asking;
  expect(await rig.row(id)).toMatchObject({ status: "connected", generation: 2 });
  expect(await rig.kept()).toEqual([]);
  expect(rig.revoked()).toEqual([]);
});
