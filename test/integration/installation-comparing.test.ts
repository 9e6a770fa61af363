import { withInstallationLock } from "@evertoken/adapters";
import { expect, test } from "vitest";
import { engineOf } from "../support/engine-of.ts";
import { createRig, hasty, until } from "../support/rig.ts";

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
