import { randomBytes } from "node:crypto";
import { registrations } from "@evertoken/engine/internal";
import { rotateKeys } from "@evertoken/operations";
import { expect, test } from "vitest";
import { forgetProcesses } from "../support/drive.ts";
import { engineOf } from "../support/engine-of.ts";
import { createRig, until } from "../support/rig.ts";

const newKey = () => randomBytes(32).toString("hex");

test("everything is encrypted anew while all goes on, and the old key may go", async () => {
  const rig = await createRig();
  const connections = await Promise.all(Array.from({ length: 3 }, () => rig.connect()));
  const old = rig.env.ENCRYPTION_KEY as string;
  const before = engineOf(rig.env).engine;
  await registrations.save(before, { provider: "acme", name: "white", clientId: "c", clientSecret: "white-secret" });
  const young = newKey();
  const { engine } = engineOf({ ...rig.env, ENCRYPTION_KEY: `${young},${old}` });

  const progress: number[] = [];
  await forgetProcesses(rig);
  const report = await rotateKeys(engine, (done) => progress.push(done));
  expect(report).toMatchObject({ total: 7, reencrypted: 7, unreadable: 0, retired: [before.keyring.activeKeyId] });
  expect(progress.at(-1)).toBe(7);
  expect(await rotateKeys(engine, () => {})).toMatchObject({ total: 0, reencrypted: 0, retired: [] });

  const { engine: after } = engineOf({ ...rig.env, ENCRYPTION_KEY: young });
  await after.checkKeys();
  for (const { id, accessToken, refreshToken } of connections) {
    const row = await rig.row(id);
    expect(row.access_token).toContain(`v2.${after.keyring.activeKeyId}.`);
    expect(after.keyring.open(row.access_token, row, "access_token")).toBe(accessToken);
    expect(after.keyring.open(row.refresh_token, row, "refresh_token")).toBe(refreshToken);
  }
  const { rows } = await rig.pool.query("SELECT client_secret FROM client_registrations");
  expect(after.keyring.openText(rows[0].client_secret, "client_registrations/acme/white/client_secret")).toBe(
    "white-secret",
  );
});

test("a text that no key opens is told, left as it is, and keeps its key's entry", async () => {
  const rig = await createRig();
  const [good, altered] = [await rig.connect(), await rig.connect()];
  const { access_token: text } = await rig.row(good.id);
  await rig.pool.query("UPDATE connections SET access_token = $2 WHERE id = $1", [altered.id, text]);
  const { engine } = engineOf({ ...rig.env, ENCRYPTION_KEY: `${newKey()},${rig.env.ENCRYPTION_KEY}` });
  await forgetProcesses(rig);
  expect(await rotateKeys(engine, () => {})).toEqual({ total: 4, reencrypted: 3, unreadable: 1, retired: [] });
  expect((await rig.row(altered.id)).access_token).toBe(text);
});

test("nothing is encrypted with a key that a process lacks: it is named, and nothing has changed", async () => {
  const rig = await createRig();
  const { id } = await rig.connect();
  await rig.client.close();
  const worker = await rig.start("worker");
  const { access_token: before } = await rig.row(id);
  const { engine } = engineOf({ ...rig.env, ENCRYPTION_KEY: `${newKey()},${rig.env.ENCRYPTION_KEY}` });
  const refused = {
    code: "invalid_input",
    message: expect.stringMatching(/^not every process holds key .*: worker \S+:\d+:\S+ \(seen/),
  };
  await expect(rotateKeys(engine, () => {})).rejects.toMatchObject(refused);
  expect((await rig.row(id)).access_token).toBe(before);

  expect(await worker.stop()).toBe(0);
  await rotateKeys(engine, () => {});
  expect((await rig.row(id)).access_token).toContain(engine.keyring.activeKeyId);
});

test("a process that was killed keeps nobody waiting for longer than it may be silent", async () => {
  const rig = await createRig();
  await rig.client.close();
  await (await rig.start("worker")).stop("SIGKILL");
  const { engine } = engineOf({ ...rig.env, ENCRYPTION_KEY: `${newKey()},${rig.env.ENCRYPTION_KEY}` });
  await expect(rotateKeys(engine, () => {})).rejects.toThrow(/forgotten after 90 s/);
  await rig.pool.query("UPDATE processes SET seen_at = now() - interval '91 seconds'");
  await rotateKeys(engine, () => {});
});

test("a process that nobody has asked anything yet is known as well", async () => {
  const rig = await createRig();
  await rig.client.close();
  await Promise.all([rig.start("api"), rig.start("dashboard")]);
  await until("both are known", async () => (await rig.pool.query("SELECT FROM processes")).rowCount === 2);
  const { engine } = engineOf({ ...rig.env, ENCRYPTION_KEY: `${newKey()},${rig.env.ENCRYPTION_KEY}` });
  await expect(rotateKeys(engine, () => {})).rejects.toThrow(/(?=.*\bapi \S+:\d+)(?=.*\bdashboard \S+:\d+)/);
});
