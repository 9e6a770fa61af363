import { randomBytes } from "node:crypto";
import { disconnectAndRevoke } from "@evertoken/engine/internal";
import { rotateKeys } from "@evertoken/operations";
import { expect, test } from "vitest";
import { forgetProcesses, runTask } from "../support/drive.ts";
import { engineOf } from "../support/engine-of.ts";
import { type Receiver, startReceiver } from "../support/receiver.ts";
import { createRig, hasty, type Rig, until } from "../support/rig.ts";

async function createRevokeRig(env: Record<string, string> = {}) {
  const provider = await startReceiver();
  provider.reply({ status: 503 });
  const rig = await createRig({
    env: { ...hasty, ACME_REVOKE_URL: provider.url, RECONCILE_CRON: "0 0 1 1 *", ...env },
  });
  return { ...rig, ...engineOf(rig.env), asked: provider };
}

const kept = async ({ pool }: Rig) => (await pool.query("SELECT * FROM revocations")).rows;
const tokensOf = ({ received }: Receiver) => received.map(({ body }) => new URLSearchParams(body).get("token"));
const comeDue = ({ pool }: Rig) => pool.query("UPDATE revocations SET next_attempt_at = now()");

test("a revocation that the provider does not confirm is tried again, with the token encrypted, and then erased", async () => {
  const rig = await createRevokeRig();
  const { id, refreshToken } = await rig.connect();
  expect(await disconnectAndRevoke(rig.engine, id)).toEqual({ disconnected: true, revoked: "later" });
  expect(await rig.row(id)).toMatchObject({ status: "disconnected", access_token: null, refresh_token: null });
  const [revocation] = await kept(rig);
  expect(revocation).toMatchObject({
    connection_id: id,
    access_token: null,
    refresh_token: expect.stringMatching(/^v2\./),
  });
  expect(JSON.stringify(revocation)).not.toContain("canary");
  expect(await disconnectAndRevoke(rig.engine, id)).toEqual({ disconnected: false, revoked: "not_supported" });

  const worker = await rig.start("worker");
  const scheduler = await rig.start("scheduler");
  await runTask(rig, "reconcile");
  expect(rig.asked.received).toHaveLength(1); // not due yet
  for (const attempt of [2, 3]) {
    await comeDue(rig);
    await until("it was tried again", async () => {
      await runTask(rig, "reconcile");
      return rig.asked.received.length === attempt;
    });
  }
  const [later] = await kept(rig);
  expect(later.attempts).toBe(3);
  expect(later.next_attempt_at.getTime()).toBeGreaterThan(Date.now() + 10 * 60_000);
  rig.asked.reply({ status: 200 });
  await comeDue(rig);
  await until("the token is erased", async () => {
    await runTask(rig, "reconcile");
    return (await kept(rig)).length === 0;
  });
  expect(tokensOf(rig.asked)).toEqual([refreshToken, refreshToken, refreshToken, refreshToken]);
  for (const output of [worker.output(), scheduler.output(), rig.output()]) expect(output).not.toContain("canary");
});

test("what was tried for a day, or is refused, is erased as well", async () => {
  const rig = await createRevokeRig();
  const [old, refused] = [await rig.connect(), await rig.connect()];
  await disconnectAndRevoke(rig.engine, old.id);
  await rig.pool.query("UPDATE revocations SET created_at = now() - interval '25 hours'");
  const scheduler = await rig.start("scheduler");
  await until("it is erased", async () => (await kept(rig)).length === 0);
  await until("that is said", async () => scheduler.output().includes("revocation given up: its token is erased"));
  rig.asked.reply({ status: 400 });
  expect(await disconnectAndRevoke(rig.engine, refused.id)).toEqual({ disconnected: true, revoked: "no" });
  expect(await kept(rig)).toEqual([]);
});

test("who reconnects meanwhile keeps the new grant; without a time to retry nothing is kept", async () => {
  const rig = await createRevokeRig();
  const { id } = await rig.connect();
  const { user_id: userId, external_account_id: externalAccountId } = await rig.row(id);
  await disconnectAndRevoke(rig.engine, id);
  expect(await kept(rig)).toHaveLength(1);
  await rig.connect({ userId, externalAccountId });
  expect(await rig.row(id)).toMatchObject({ status: "connected" });
  expect(await kept(rig)).toEqual([]);

  const { engine } = engineOf({ ...rig.env, REVOKE_RETRY_FOR_MS: "0" });
  expect(await disconnectAndRevoke(engine, id)).toEqual({ disconnected: true, revoked: "no" });
  expect(await kept(rig)).toEqual([]);
});

test("a new encryption key takes a waiting revocation along", async () => {
  const rig = await createRevokeRig();
  const { id, refreshToken } = await rig.connect();
  await disconnectAndRevoke(rig.engine, id);
  const young = randomBytes(32).toString("hex");
  const { engine } = engineOf({ ...rig.env, ENCRYPTION_KEY: `${young},${rig.env.ENCRYPTION_KEY}` });
  await forgetProcesses(rig);
  expect(await rotateKeys(engine, () => {})).toMatchObject({ total: 1, reencrypted: 1, unreadable: 0 });
  const [revocation] = await kept(rig);
  expect(engine.keyring.open(revocation.refresh_token, { ...revocation, id }, "refresh_token")).toBe(refreshToken);
});

test("as long as nobody can tell which database this is, nothing is revoked", async () => {
  const rig = await createRevokeRig();
  rig.asked.reply({ status: 200 });
  const { id } = await rig.connect();
  await rig.pool.query("ALTER TABLE installation RENAME TO out_of_sight");
  expect(await disconnectAndRevoke(rig.engine, id)).toEqual({ disconnected: true, revoked: "later" });
  expect(rig.asked.received).toEqual([]);
  await rig.pool.query("ALTER TABLE out_of_sight RENAME TO installation");
  expect(await kept(rig)).toHaveLength(1);
});
